// Conversions between float and the bits of bfloat16. Loops over them vectorise.
#ifndef STRATA_PRUNING_BFLOAT16_BITS_H_
#define STRATA_PRUNING_BFLOAT16_BITS_H_

#include <bit>
#include <cstdint>

#include "pruning/vector_clones.h"

namespace strata::pruning {

// Rounds to the nearest bfloat16, ties to even. NaN is treated separately, because rounding could
// carry its payload into the sign.
STRATA_INLINE_BODY uint16_t BFloat16Bits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  return static_cast<uint16_t>((bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC0u : rounded);
}

STRATA_INLINE_BODY float FromBFloat16Bits(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_BFLOAT16_BITS_H_
