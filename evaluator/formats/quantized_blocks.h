// Unpacks a block of each quantised tensor type of GGUF into float32. The operations and their
// order are those of the format's Python package, so that the bits are the same. Private to
// evaluator/formats/: use Dequantize of gguf_file.h.
//
// Each function reads one block, at any alignment, and writes its 32, 64 or 256 weights. The size
// of a block is stated in dequantize.cc and its layout in the .cc file of the function. Any bytes
// are a valid block.
#ifndef STRATA_EVALUATOR_FORMATS_QUANTIZED_BLOCKS_H_
#define STRATA_EVALUATOR_FORMATS_QUANTIZED_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "evaluator/formats/number_format.h"

namespace strata::evaluator {

// Types with one scale, and in some cases a minimum, for 32 weights.
void UnpackQ4_0(const uint8_t* block, float* weights);
void UnpackQ4_1(const uint8_t* block, float* weights);
void UnpackQ5_0(const uint8_t* block, float* weights);
void UnpackQ5_1(const uint8_t* block, float* weights);
void UnpackQ8_0(const uint8_t* block, float* weights);

// Types with 256 weights in sub-blocks. The scales of sub-blocks are integers times a scale of the
// block.
void UnpackQ2_K(const uint8_t* block, float* weights);
void UnpackQ3_K(const uint8_t* block, float* weights);
void UnpackQ4_K(const uint8_t* block, float* weights);
void UnpackQ5_K(const uint8_t* block, float* weights);
void UnpackQ6_K(const uint8_t* block, float* weights);

// Types in which each weight has one of three, four or sixteen values.
void UnpackTQ1_0(const uint8_t* block, float* weights);
void UnpackTQ2_0(const uint8_t* block, float* weights);
void UnpackIQ4_NL(const uint8_t* block, float* weights);
void UnpackIQ4_XS(const uint8_t* block, float* weights);
void UnpackMXFP4(const uint8_t* block, float* weights);
void UnpackNVFP4(const uint8_t* block, float* weights);

// Types in which a codebook gives four or eight weights at a time.
void UnpackIQ1_S(const uint8_t* block, float* weights);
void UnpackIQ1_M(const uint8_t* block, float* weights);
void UnpackIQ2_XXS(const uint8_t* block, float* weights);
void UnpackIQ2_XS(const uint8_t* block, float* weights);
void UnpackIQ2_S(const uint8_t* block, float* weights);
void UnpackIQ3_XXS(const uint8_t* block, float* weights);
void UnpackIQ3_S(const uint8_t* block, float* weights);

// Loads a little-endian integer from a block.
template <typename T>
T LoadInteger(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// Loads a scale of half precision from a block.
inline float LoadHalf(const uint8_t* bytes) {
  float value;
  Unpack(NumberFormat::kFloat16, std::as_bytes(std::span(bytes, 2)), {&value, 1});
  return value;
}

// Returns number `i` of 256 two-bit numbers. A run of 32 bytes holds 128 numbers, those in the
// lowest bits first.
inline int TwoBits(const uint8_t* packed, int i) {
  return packed[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_QUANTIZED_BLOCKS_H_
