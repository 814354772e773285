// Types whose weights come four or eight at a time from a codebook. The layouts list a block's
// bytes in order, then the weight. d has half precision, every sub-block has a scale s, and g
// stands for one of the four or eight weights of a codebook entry:
//   IQ2_XXS  d; for each 32 weights 4 bytes of indices, then 32 bits: 4 sign patterns of 7, s of 4
//   IQ2_XS   d; 32 times 16 bits: index of 9, sign pattern of 7; 16 times s of 4
//   IQ2_S    d; 32 bytes of low indices; 32 bytes of signs; 32 pairs of upper bits; 16 times s of 4
//            all three:                                                   d (1/2 + s) / 4 g
//   IQ3_XXS  d; 64 bytes of indices; for each 32 weights 32 bits as in IQ2_XXS:  d (1/2 + s) / 2 g
//   IQ3_S    d; 64 bytes of low indices; 64 ninth bits; 32 bytes of signs; 8 times s of 4:
//                                                                         d (1 + 2s) g
//   IQ1_S    d; 32 bytes of low indices; 8 times 16 bits: 4 times 3 upper bits, s of 3, one for the
//            sign of the shift e = 1/8:                                   d (1 + 2s) (g + e)
//   IQ1_M    32 bytes of low indices; 32 times 4 bits: 3 upper bits, the sign of the shift; 4 times
//            16 bits: 4 times s of 3, a quarter of d:                     as IQ1_S
#include <bit>

#include "evaluator/formats/codebook_grids.h"
#include "evaluator/formats/quantized_blocks.h"

namespace strata::evaluator {
namespace {

constexpr float kDigitsOfIQ2[4] = {8, 25, 43, 0};  // no entry has the digit 3
constexpr float kDigitsOfIQ3_XXS[8] = {4, 12, 20, 28, 36, 44, 52, 62};
constexpr float kDigitsOfIQ3_S[8] = {1, 3, 5, 7, 9, 11, 13, 15};

// Returns eight signs; bit j is set if weight j is negative. The eighth sign makes the number of
// negative weights even.
int EightSigns(unsigned seven_signs) {
  return static_cast<int>(seven_signs | (std::popcount(seven_signs) % 2 != 0 ? 0x80u : 0u));
}

float Signed(float magnitude, int signs, int j) {
  return (signs >> j & 1) != 0 ? -magnitude : magnitude;
}

void UnpackEight(unsigned code, int signs, float scale, float* weights) {
  for (int j = 0; j < 8; ++j) {
    weights[j] = Signed(scale * kDigitsOfIQ2[code >> 2 * j & 3], signs, j);
  }
}

// Unpacks two entries of four weights, which share a byte of signs.
void UnpackTwiceFour(unsigned first, unsigned second, const float (&digits)[8], int signs,
                     float scale, float* weights) {
  for (int j = 0; j < 4; ++j) {
    weights[j] = Signed(scale * digits[first >> 3 * j & 7], signs, j);
    weights[4 + j] = Signed(scale * digits[second >> 3 * j & 7], signs, 4 + j);
  }
}

void UnpackEightShifted(unsigned code, bool negative_shift, float scale, float* weights) {
  const float shift = negative_shift ? -0.125f : 0.125f;
  for (int j = 0; j < 8; ++j) {
    const int digit = static_cast<int>(code >> 2 * j & 3) - 1;
    weights[j] = scale * (static_cast<float>(digit) + shift);
  }
}

int FourBits(const uint8_t* packed, int i) { return packed[i / 2] >> i % 2 * 4 & 0xF; }

float ScaleOfIQ2(float scale, unsigned sub_scale) {
  return scale * (0.5f + static_cast<float>(sub_scale)) * 0.25f;
}

float OddScale(float scale, unsigned sub_scale) {
  return scale * static_cast<float>(2 * sub_scale + 1);
}

}  // namespace

void UnpackIQ2_XXS(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < 32; ++i) {
    const uint8_t* part = block + 2 + i / 4 * 8;
    const auto signs = LoadInteger<uint32_t>(part + 4);
    UnpackEight(kGridOfIQ2_XXS[part[i % 4]], EightSigns(signs >> i % 4 * 7 & 0x7F),
                ScaleOfIQ2(scale, signs >> 28), weights + 8 * i);
  }
}

void UnpackIQ2_XS(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < 32; ++i) {
    const auto packed = LoadInteger<uint16_t>(block + 2 + 2 * i);
    const int sub_scale = FourBits(block + 66, i / 2);
    UnpackEight(kGridOfIQ2_XS[packed & 511], EightSigns(packed >> 9), ScaleOfIQ2(scale, sub_scale),
                weights + 8 * i);
  }
}

void UnpackIQ2_S(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < 32; ++i) {
    const int index = block[2 + i] | (block[66 + i / 4] >> i % 4 * 2 & 3) << 8;
    const int sub_scale = FourBits(block + 74, i / 2);
    UnpackEight(kGridOfIQ2_S[index], block[34 + i], ScaleOfIQ2(scale, sub_scale), weights + 8 * i);
  }
}

void UnpackIQ3_XXS(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < 32; ++i) {
    const uint8_t* indices = block + 2 + 2 * i;
    const auto signs = LoadInteger<uint32_t>(block + 66 + i / 4 * 4);
    const float sub_scale = scale * (0.5f + static_cast<float>(signs >> 28)) * 0.5f;
    UnpackTwiceFour(kGridOfIQ3_XXS[indices[0]], kGridOfIQ3_XXS[indices[1]], kDigitsOfIQ3_XXS,
                    EightSigns(signs >> i % 4 * 7 & 0x7F), sub_scale, weights + 8 * i);
  }
}

void UnpackIQ3_S(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < 32; ++i) {
    const int upper = block[66 + i / 4] >> i % 4 * 2;
    const int first = block[2 + 2 * i] | (upper & 1) << 8;
    const int second = block[3 + 2 * i] | (upper >> 1 & 1) << 8;
    UnpackTwiceFour(kGridOfIQ3_S[first], kGridOfIQ3_S[second], kDigitsOfIQ3_S, block[74 + i],
                    OddScale(scale, FourBits(block + 106, i / 4)), weights + 8 * i);
  }
}

void UnpackIQ1_S(const uint8_t* block, float* weights) {
  const float scale = LoadHalf(block);
  for (int i = 0; i < 32; ++i) {
    const auto packed = LoadInteger<uint16_t>(block + 34 + i / 4 * 2);
    const int index = block[2 + i] | (packed >> i % 4 * 3 & 7) << 8;
    UnpackEightShifted(kGridOfIQ1[index], packed >> 15 != 0, OddScale(scale, packed >> 12 & 7),
                       weights + 8 * i);
  }
}

void UnpackIQ1_M(const uint8_t* block, float* weights) {
  const uint8_t* scales = block + 48;
  uint16_t scale_bits = 0;
  for (int j = 0; j < 4; ++j) {
    scale_bits |= static_cast<uint16_t>(LoadInteger<uint16_t>(scales + 2 * j) >> 12 << 4 * j);
  }
  uint8_t scale_bytes[2];
  std::memcpy(scale_bytes, &scale_bits, 2);
  const float scale = LoadHalf(scale_bytes);
  for (int i = 0; i < 32; ++i) {
    const int upper = FourBits(block + 32, i);
    const int index = block[i] | (upper & 7) << 8;
    const int sub_scale = LoadInteger<uint16_t>(scales + i / 8 * 2) >> i / 2 % 4 * 3 & 7;
    UnpackEightShifted(kGridOfIQ1[index], upper >> 3 != 0, OddScale(scale, sub_scale),
                       weights + 8 * i);
  }
}

}  // namespace strata::evaluator
