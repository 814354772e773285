// Types with sub-blocks in a block of 256 weights. The layouts list a block's bytes in order, then
// the weight. d and m have half precision; s and n are the integers of the sub-block:
//   Q2_K  16 bytes, s the low half and n the high; 64 bytes q, two bits each; d, m:  d s q - m n
//   Q3_K  32 bytes of third bits of q; 64 bytes of lower two; 16 s in 12 bytes; d:   d (s-32) (q-4)
//   Q4_K  d, m; 8 pairs of 6-bit (s, n) in 12 bytes; 128 bytes q:                    d s q - m n
//   Q5_K  as Q4_K with 32 bytes of fifth bits before q
//   Q6_K  128 bytes low halves; 64 bytes of upper bit pairs; 16 signed bytes s; d:   d s (q - 32)
#include "evaluator/formats/quantized_blocks.h"

namespace strata::evaluator {
namespace {

struct ScaleAndMinimum {
  int scale;
  int minimum;
};

// Returns the six-bit pair of sub-block `j` of Q4_K and Q5_K. For the first four sub-blocks the
// pair is in the low six bits of bytes j and j + 4. For the others its lower parts are the halves
// of byte j + 4, and its upper parts are the top two bits of bytes j - 4 and j.
ScaleAndMinimum SixBits(const uint8_t* packed, int j) {
  if (j < 4) return {packed[j] & 63, packed[j + 4] & 63};
  return {(packed[j + 4] & 0xF) | (packed[j - 4] >> 6) << 4, packed[j + 4] >> 4 | (packed[j] >> 6)
                                                                                      << 4};
}

// Unpacks Q5_K, or Q4_K if `fifth_bits` is null. Sub-block j holds 32 weights: the low halves (even
// j) or high halves (odd j) of 32 bytes. Their fifth bits are bit j of the 32 bytes of fifth bits.
void UnpackWithMinima(const uint8_t* header, const uint8_t* fifth_bits, const uint8_t* packed,
                      float* weights) {
  const float scale = LoadHalf(header);
  const float minimum = LoadHalf(header + 2);
  for (int j = 0; j < 8; ++j) {
    const ScaleAndMinimum pair = SixBits(header + 4, j);
    const float sub_scale = scale * static_cast<float>(pair.scale);
    const float sub_minimum = minimum * static_cast<float>(pair.minimum);
    for (int l = 0; l < 32; ++l) {
      const int byte = packed[j / 2 * 32 + l];
      int value = j % 2 == 0 ? byte & 0xF : byte >> 4;
      if (fifth_bits != nullptr) value |= (fifth_bits[l] >> j & 1) << 4;
      weights[j * 32 + l] = sub_scale * static_cast<float>(value) - sub_minimum;
    }
  }
}

// Returns the six-bit scale of sub-block `j` of Q3_K. The low halves of 8 bytes and then their high
// halves hold the lower four bits of the scales. Four more bytes hold the upper two bits in the
// same manner, four scales to a byte.
int SixBitScale(const uint8_t* packed, int j) {
  return (packed[j % 8] >> j / 8 * 4 & 0xF) | (packed[8 + j % 4] >> j / 4 * 2 & 3) << 4;
}

}  // namespace

void UnpackQ2_K(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block + 80);
  const float minimum = LoadHalf(block + 82);
  for (int j = 0; j < 16; ++j) {
    const float sub_scale = scale * static_cast<float>(block[j] & 0xF);
    const float sub_minimum = minimum * static_cast<float>(block[j] >> 4);
    for (int i = j * 16; i < j * 16 + 16; ++i) {
      weights[i] = sub_scale * static_cast<float>(TwoBits(block + 16, i)) - sub_minimum;
    }
  }
}

void UnpackQ3_K(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block + 108);
  for (int j = 0; j < 16; ++j) {
    const float sub_scale = scale * static_cast<float>(SixBitScale(block + 96, j) - 32);
    for (int i = j * 16; i < j * 16 + 16; ++i) {
      const int third_bit = block[i % 32] >> i / 32 & 1;
      const int value = TwoBits(block + 32, i) + 4 * third_bit;
      weights[i] = sub_scale * static_cast<float>(value - 4);
    }
  }
}

void UnpackQ4_K(const uint8_t* block, float* weights) {
  UnpackWithMinima(block, nullptr, block + 16, weights);
}

void UnpackQ5_K(const uint8_t* block, float* weights) {
  UnpackWithMinima(block, block + 16, block + 48, weights);
}

// Each half of 128 weights has four runs of 32. Runs 0 and 1 are the low halves of 64 bytes, runs 2
// and 3 their high halves. The upper bits of run r are bits 2r and 2r + 1 of 32 bytes. One scale
// serves 16 weights.
void UnpackQ6_K(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block + 208);
  for (int half = 0; half < 2; ++half) {
    const uint8_t* low = block + half * 64;
    const uint8_t* upper = block + 128 + half * 32;
    const uint8_t* scales = block + 192 + half * 8;
    for (int j = 0; j < 128; ++j) {
      const int run = j / 32;
      const int byte = low[j % 64];
      const int value = (run < 2 ? byte & 0xF : byte >> 4) | (upper[j % 32] >> 2 * run & 3) << 4;
      const float sub_scale = scale * static_cast<float>(static_cast<int8_t>(scales[j / 16]));
      weights[half * 128 + j] = sub_scale * static_cast<float>(value - 32);
    }
  }
}

}  // namespace strata::evaluator
