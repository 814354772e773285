// Types whose weights are a scale times one of three, four or sixteen values. The layouts list a
// block's bytes in order, then the weight. d has half precision; v and w are the tables below:
//   TQ1_0   48 bytes of five base-3 digits, 4 bytes of four; d:                  d (digit - 1)
//   TQ2_0   64 bytes q, two bits each; d:                                        d (q - 1)
//   IQ4_NL  d; 16 bytes q as Q4_0:                                               d v[q]
//   IQ4_XS  d; 8 pairs of upper bits of s; 8 low halves of s; 128 bytes q:       d (s - 32) v[q]
//   MXFP4   an exponent e of two; 16 bytes q as Q4_0:                            2^(e - 128) w[q]
//   NVFP4   4 scales s of 8 bits (exponent 4, fraction 3); 8 bytes q for each:   s / 2 w[q]
#include <cmath>

#include "evaluator/formats/quantized_blocks.h"

namespace strata::evaluator {
namespace {

// The values v of IQ4_NL and IQ4_XS.
constexpr float kUnevenValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                     1,    13,   25,  38,  53,  69,  89,  113};
// The values w of a 4-bit float with two bits of exponent and one of fraction, doubled.
constexpr float kDoubledFloat4Values[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                            0, -1, -2, -3, -4, -6, -8, -12};

// Unpacks `count` weights, an even number: those in the low halves of count / 2 bytes, then those
// in the high halves.
void UnpackHalves(const uint8_t* packed, int count, float scale, const float (&values)[16],
                  float* weights) {
  for (int i = 0; i < count; ++i) {
    const int byte = packed[i % (count / 2)];
    weights[i] = scale * values[i < count / 2 ? byte & 0xF : byte >> 4];
  }
}

// Unpacks `digits` weights from each of `count` bytes: the first digits of all bytes, then the
// second ones, and so on. A byte holds the number that the digits form in base 3, as a fraction of
// 3^digits, in 256ths, rounded up. If it is multiplied by 3, the part above 256 is the next digit.
void UnpackBase3(const uint8_t* packed, int count, int digits, float scale, float* weights) {
  unsigned power = 1;
  for (int digit = 0; digit < digits; ++digit, power *= 3) {
    for (int i = 0; i < count; ++i) {
      const auto fraction = static_cast<uint8_t>(packed[i] * power);
      weights[digit * count + i] = scale * static_cast<float>((fraction * 3 >> 8) - 1);
    }
  }
}

// Returns the scale of NVFP4, halved. The sign bit has no meaning. 0x7F, which would be NaN, is
// zero.
float HalvedFloat8(uint8_t bits) {
  if (bits == 0x7F) return 0.0f;
  const int exponent = bits >> 3 & 0xF;
  const int fraction = bits & 7;
  return exponent == 0 ? std::ldexp(static_cast<float>(fraction), -10)
                       : std::ldexp(static_cast<float>(8 + fraction), exponent - 11);
}

}  // namespace

void UnpackTQ1_0(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block + 52);
  UnpackBase3(block, 32, 5, scale, weights);
  UnpackBase3(block + 32, 16, 5, scale, weights + 160);
  UnpackBase3(block + 48, 4, 4, scale, weights + 240);
}

void UnpackTQ2_0(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block + 64);
  for (int i = 0; i < 256; ++i) {
    weights[i] = scale * static_cast<float>(TwoBits(block, i) - 1);
  }
}

void UnpackIQ4_NL(const uint8_t* block, float* weights) {
  UnpackHalves(block + 2, 32, LoadHalf(block), kUnevenValues, weights);
}

void UnpackIQ4_XS(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  const auto upper = LoadInteger<uint16_t>(block + 2);
  for (int j = 0; j < 8; ++j) {
    const int low = block[4 + j / 2] >> j % 2 * 4 & 0xF;
    const int sub_scale = low | (upper >> 2 * j & 3) << 4;
    UnpackHalves(block + 8 + 16 * j, 32, scale * static_cast<float>(sub_scale - 32), kUnevenValues,
                 weights + 32 * j);
  }
}

void UnpackMXFP4(const uint8_t* block, float* weights) {
  UnpackHalves(block + 1, 32, std::ldexp(1.0f, block[0] - 128), kDoubledFloat4Values, weights);
}

void UnpackNVFP4(const uint8_t* block, float* weights) {
  for (int j = 0; j < 4; ++j) {
    UnpackHalves(block + 4 + 8 * j, 16, HalvedFloat8(block[j]), kDoubledFloat4Values,
                 weights + 16 * j);
  }
}

}  // namespace strata::evaluator
