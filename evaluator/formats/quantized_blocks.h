// How a block of each quantised tensor type of GGUF unpacks into float32, with the operations and
// their order as the format's Python package has them, so that the bits are the same. Private to
// evaluator/: use Dequantize of gguf_file.h.
//
// Each function reads one block, whose size dequantize.cc states, at any alignment, and writes its
// 32, 64 or 256 weights. Any bytes are a valid block. The .cc files give the layouts.
#ifndef STRATA_EVALUATOR_QUANTIZED_BLOCKS_H_
#define STRATA_EVALUATOR_QUANTIZED_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "evaluator/formats/number_format.h"

namespace strata::evaluator {

// One scale, and in some types a minimum, for 32 weights.
void UnpackQ4_0(const uint8_t* block, float* weights);
void UnpackQ4_1(const uint8_t* block, float* weights);
void UnpackQ5_0(const uint8_t* block, float* weights);
void UnpackQ5_1(const uint8_t* block, float* weights);
void UnpackQ8_0(const uint8_t* block, float* weights);

// 256 weights in sub-blocks, whose scales are integers times a scale of the block.
void UnpackQ2_K(const uint8_t* block, float* weights);
void UnpackQ3_K(const uint8_t* block, float* weights);
void UnpackQ4_K(const uint8_t* block, float* weights);
void UnpackQ5_K(const uint8_t* block, float* weights);
void UnpackQ6_K(const uint8_t* block, float* weights);

// Each weight one of three, four or sixteen values.
void UnpackTQ1_0(const uint8_t* block, float* weights);
void UnpackTQ2_0(const uint8_t* block, float* weights);
void UnpackIQ4_NL(const uint8_t* block, float* weights);
void UnpackIQ4_XS(const uint8_t* block, float* weights);
void UnpackMXFP4(const uint8_t* block, float* weights);
void UnpackNVFP4(const uint8_t* block, float* weights);

// Four or eight weights at a time from a codebook.
void UnpackIQ1_S(const uint8_t* block, float* weights);
void UnpackIQ1_M(const uint8_t* block, float* weights);
void UnpackIQ2_XXS(const uint8_t* block, float* weights);
void UnpackIQ2_XS(const uint8_t* block, float* weights);
void UnpackIQ2_S(const uint8_t* block, float* weights);
void UnpackIQ3_XXS(const uint8_t* block, float* weights);
void UnpackIQ3_S(const uint8_t* block, float* weights);

// A little-endian integer within a block.
template <typename T>
T LoadInteger(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// A scale of half precision within a block.
inline float LoadHalf(const uint8_t* bytes) {
  float value;
  Unpack(NumberFormat::kFloat16, std::as_bytes(std::span(bytes, 2)), {&value, 1});
  return value;
}

// Weight `i` of 256 two-bit numbers: a run of 32 bytes holds 128, those of the lowest bits first.
inline int TwoBits(const uint8_t* packed, int i) {
  return packed[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_QUANTIZED_BLOCKS_H_
