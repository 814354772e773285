// Types with one scale for 32 weights. Each line lists a block's bytes in order, then the weight. d
// and m have half precision:
//   Q4_0  d; 16 bytes q, weight j in the low half of byte j, j + 16 in the high: d (q - 8)
//   Q4_1  d, m; q as Q4_0:                                                        d q + m
//   Q5_0  d; 32 fifth bits; q as Q4_0:                                            d (q - 16)
//   Q5_1  d, m; 32 fifth bits; q as Q4_0:                                         d q + m
//   Q8_0  d; 32 signed bytes q:                                                   d q
#include <array>

#include "evaluator/formats/quantized_blocks.h"

namespace strata::evaluator {
namespace {

// Returns the five-bit integers of Q5_0 and Q5_1.
std::array<int, 32> FiveBits(uint32_t fifth_bits, const uint8_t* packed) {
  std::array<int, 32> values;
  for (int j = 0; j < 16; ++j) {
    values[j] = (packed[j] & 0xF) | static_cast<int>((fifth_bits >> j & 1) << 4);
    values[j + 16] = packed[j] >> 4 | static_cast<int>((fifth_bits >> (j + 16) & 1) << 4);
  }
  return values;
}

}  // namespace

void UnpackQ4_0(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  const uint8_t* packed = block + 2;
  for (int j = 0; j < 16; ++j) {
    weights[j] = static_cast<float>((packed[j] & 0xF) - 8) * scale;
    weights[j + 16] = static_cast<float>((packed[j] >> 4) - 8) * scale;
  }
}

void UnpackQ4_1(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  const float minimum = LoadHalf(block + 2);
  const uint8_t* packed = block + 4;
  for (int j = 0; j < 16; ++j) {
    weights[j] = static_cast<float>(packed[j] & 0xF) * scale + minimum;
    weights[j + 16] = static_cast<float>(packed[j] >> 4) * scale + minimum;
  }
}

void UnpackQ5_0(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  const std::array<int, 32> values = FiveBits(LoadInteger<uint32_t>(block + 2), block + 6);
  for (int j = 0; j < 32; ++j) weights[j] = static_cast<float>(values[j] - 16) * scale;
}

void UnpackQ5_1(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  const float minimum = LoadHalf(block + 2);
  const std::array<int, 32> values = FiveBits(LoadInteger<uint32_t>(block + 4), block + 8);
  for (int j = 0; j < 32; ++j) weights[j] = static_cast<float>(values[j]) * scale + minimum;
}

void UnpackQ8_0(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  for (int j = 0; j < 32; ++j) {
    weights[j] = static_cast<float>(static_cast<int8_t>(block[2 + j])) * scale;
  }
}

}  // namespace strata::evaluator
