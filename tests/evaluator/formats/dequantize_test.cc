// Blocks made by hand, with answers worked out by hand; and random blocks against a second
// derivation that looks every weight's bits up on its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "evaluator/formats/gguf_file.h"
#include "tests/evaluator/support/gguf_writer.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint16_t kOne = 0x3C00;  // half precision
constexpr uint16_t kTwo = 0x4000;
constexpr uint16_t kHalf = 0x3800;
constexpr uint16_t kMinusOne = 0xBC00;

std::vector<float> Unpack(GgufType type, const std::string& bytes, int64_t elements) {
  GgufTensor tensor{.name = "made by hand",
                    .shape = {elements},
                    .type = type,
                    .data = std::as_bytes(std::span(bytes.data(), bytes.size()))};
  std::vector<float> values(elements);
  const absl::Status status = Dequantize(tensor, values);
  EXPECT_TRUE(status.ok()) << status;
  return values;
}

TEST(Dequantize, PlainFloats) {
  EXPECT_THAT(Unpack(GgufType::kF32, Bytes().Number(1.5f).Number(-0.1f).text(), 2),
              ElementsAre(1.5f, -0.1f));
  EXPECT_THAT(
      Unpack(GgufType::kBF16, Bytes().Number<uint16_t>(0x3FC0).Number<uint16_t>(0xC120).text(), 2),
      ElementsAre(1.5f, -10.0f));
}

TEST(Dequantize, EveryHalf) {
  std::string bytes;
  for (int i = 0; i < 65536; ++i) {
    const auto half = static_cast<uint16_t>(i);
    bytes.append(reinterpret_cast<const char*>(&half), 2);
  }
  const std::vector<float> values = Unpack(GgufType::kF16, bytes, 65536);
  for (int i = 0; i < 65536; ++i) {
    const int exponent = i >> 10 & 31;
    const int fraction = i & 1023;
    const double sign = i >= 32768 ? -1 : 1;
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(values[i]), fraction != 0);
      if (fraction == 0) {
        EXPECT_EQ(values[i], sign * std::numeric_limits<double>::infinity());
      }
      continue;
    }
    const double expected =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    ASSERT_EQ(values[i], sign * expected) << i;
    ASSERT_EQ(std::signbit(values[i]), sign < 0) << i;
  }
}

TEST(Dequantize, Q4ByHand) {
  std::string packed(16, '\x88');  // all 8
  packed[0] = '\xF0';              // weight 0 is 0, weight 16 is 15
  packed[15] = '\x1A';             // weight 15 is 10, weight 31 is 1
  const std::vector<float> q4_0 =
      Unpack(GgufType::kQ4_0, Bytes().Number(kTwo).Raw(packed).text(), 32);
  EXPECT_EQ(q4_0[0], -16);
  EXPECT_EQ(q4_0[16], 14);
  EXPECT_EQ(q4_0[15], 4);
  EXPECT_EQ(q4_0[31], -14);
  EXPECT_EQ(q4_0[7], 0);
  const std::vector<float> q4_1 =
      Unpack(GgufType::kQ4_1, Bytes().Number(kHalf).Number(kMinusOne).Raw(packed).text(), 32);
  EXPECT_EQ(q4_1[0], -1);
  EXPECT_EQ(q4_1[16], 6.5);
  EXPECT_EQ(q4_1[15], 4);
  EXPECT_EQ(q4_1[31], -0.5);
  EXPECT_EQ(q4_1[7], 3);
}

TEST(Dequantize, Q5ByHand) {
  std::string packed(16, '\0');
  packed[0] = '\x2F';  // low parts: weight 0 is 15, weight 16 is 2
  const uint32_t fifth = 1u << 0 | 1u << 17 | 1u << 31;  // weights 0, 17 and 31 gain 16
  const std::vector<float> q5_0 =
      Unpack(GgufType::kQ5_0, Bytes().Number(kOne).Number(fifth).Raw(packed).text(), 32);
  EXPECT_EQ(q5_0[0], 15);
  EXPECT_EQ(q5_0[16], -14);
  EXPECT_EQ(q5_0[17], 0);
  EXPECT_EQ(q5_0[31], 0);
  EXPECT_EQ(q5_0[1], -16);
  const std::vector<float> q5_1 = Unpack(
      GgufType::kQ5_1, Bytes().Number(kTwo).Number(kOne).Number(fifth).Raw(packed).text(), 32);
  EXPECT_EQ(q5_1[0], 63);
  EXPECT_EQ(q5_1[16], 5);
  EXPECT_EQ(q5_1[17], 33);
  EXPECT_EQ(q5_1[1], 1);
}

TEST(Dequantize, Q8ByHandInTwoBlocks) {
  std::string packed(32, '\0');
  packed[0] = '\x80';
  packed[31] = '\x7F';
  const std::vector<float> values = Unpack(
      GgufType::kQ8_0, Bytes().Number(kHalf).Raw(packed).Number(kTwo).Raw(packed).text(), 64);
  EXPECT_EQ(values[0], -64);
  EXPECT_EQ(values[31], 63.5);
  EXPECT_EQ(values[32], -256);
  EXPECT_EQ(values[63], 254);
}

TEST(Dequantize, Q4KByHand) {
  std::string scales(12, '\0');
  scales[0] = '\x05';   // sub-block 0: scale 5
  scales[4] = '\x03';   // sub-block 0: minimum 3
  scales[3] = '\xC0';   // sub-block 7: upper scale bits 3
  scales[7] = '\x40';   // sub-block 7: upper minimum bits 1
  scales[11] = '\x21';  // sub-block 7: lower scale bits 1, lower minimum bits 2
  std::string packed(128, '\0');
  packed[0] = '\x9A';    // weight 0 is 10, weight 32 is 9
  packed[127] = '\x70';  // weight 223 is 0, weight 255 is 7
  const std::vector<float> values = Unpack(
      GgufType::kQ4_K, Bytes().Number(kTwo).Number(kHalf).Raw(scales).Raw(packed).text(), 256);
  EXPECT_EQ(values[0], 2 * 5 * 10 - 0.5 * 3);
  EXPECT_EQ(values[1], -0.5 * 3);
  EXPECT_EQ(values[32], 0);  // sub-block 1 has scale and minimum 0
  EXPECT_EQ(values[255], 2 * 49 * 7 - 0.5 * 18);
  EXPECT_EQ(values[224], -0.5 * 18);
}

TEST(Dequantize, Q5KByHand) {
  std::string scales(12, '\0');
  scales[1] = '\x02';  // sub-block 1: scale 2
  scales[5] = '\x04';  // sub-block 1: minimum 4
  std::string fifth(32, '\0');
  fifth[3] = '\x02';  // sub-block 1, weight 3
  std::string packed(128, '\0');
  packed[3] = '\xC1';  // sub-block 0: 1, sub-block 1: 12
  const std::vector<float> values =
      Unpack(GgufType::kQ5_K,
             Bytes().Number(kOne).Number(kOne).Raw(scales).Raw(fifth).Raw(packed).text(), 256);
  EXPECT_EQ(values[35], 2 * 28 - 4);
  EXPECT_EQ(values[36], -4);
  EXPECT_EQ(values[3], 0);
}

TEST(Dequantize, Q6KByHand) {
  std::string low(128, '\0');
  std::string upper(64, '\0');
  std::string scales(16, '\x01');
  low[64 + 33] = '\x5B';   // second half: weight 33 is 11, weight 97 is 5
  upper[32 + 1] = '\x84';  // of those, upper bits: run 1 has 1, run 3 has 2
  scales[8 + 2] = '\xFE';  // second half, weights 32 to 47: -2
  scales[8 + 6] = '\x03';  // second half, weights 96 to 111: 3
  const std::vector<float> values =
      Unpack(GgufType::kQ6_K, Bytes().Raw(low).Raw(upper).Raw(scales).Number(kHalf).text(), 256);
  EXPECT_EQ(values[128 + 33], 0.5 * -2 * (16 + 11 - 32));
  EXPECT_EQ(values[128 + 97], 0.5 * 3 * (32 + 5 - 32));
  EXPECT_EQ(values[0], -16);
}

// The second derivation: bit `bit` of a block, counted from its first byte.
int Bit(const std::string& block, int bit) {
  return static_cast<unsigned char>(block[bit / 8]) >> bit % 8 & 1;
}

int Bits(const std::string& block, int byte, int first, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) value |= Bit(block, byte * 8 + first + i) << i;
  return value;
}

double Scale(const std::string& block, int byte) {
  return std::ldexp(1024 + Bits(block, byte, 0, 10), Bits(block, byte, 10, 5) - 25) *
         (Bits(block, byte, 15, 1) != 0 ? -1 : 1);
}

// Sub-block scale (shift 0) or minimum (shift 4) of Q4_K and Q5_K, whose 12 bytes are at 4.
int SixBits(const std::string& block, int j, bool minimum) {
  if (j < 4) return Bits(block, 4 + j + (minimum ? 4 : 0), 0, 6);
  return Bits(block, 4 + j + 4, minimum ? 4 : 0, 4) | Bits(block, 4 + (minimum ? j : j - 4), 6, 2)
                                                          << 4;
}

double Reference(GgufType type, const std::string& block, int i) {
  const int nibble = i / 16 * 4;  // of the 32-weight types
  const int in_pair = i % 64;     // of the 256-weight types
  const int sub = i / 32;
  switch (type) {
    case GgufType::kQ4_0:
      return Scale(block, 0) * (Bits(block, 2 + i % 16, nibble, 4) - 8);
    case GgufType::kQ4_1:
      return Scale(block, 0) * Bits(block, 4 + i % 16, nibble, 4) + Scale(block, 2);
    case GgufType::kQ5_0:
      return Scale(block, 0) * (Bits(block, 6 + i % 16, nibble, 4) + 16 * Bit(block, 16 + i) - 16);
    case GgufType::kQ5_1:
      return Scale(block, 0) * (Bits(block, 8 + i % 16, nibble, 4) + 16 * Bit(block, 32 + i)) +
             Scale(block, 2);
    case GgufType::kQ8_0:
      return Scale(block, 0) * (Bits(block, 2 + i, 0, 7) - 128 * Bits(block, 2 + i, 7, 1));
    case GgufType::kQ4_K:
    case GgufType::kQ5_K: {
      const bool five = type == GgufType::kQ5_K;
      int q = Bits(block, (five ? 48 : 16) + i / 64 * 32 + in_pair % 32, in_pair / 32 * 4, 4);
      if (five) q += 16 * Bits(block, 16 + i % 32, sub, 1);
      return Scale(block, 0) * SixBits(block, sub, false) * q -
             Scale(block, 2) * SixBits(block, sub, true);
    }
    default: {  // Q6_K
      const int half = i / 128;
      const int q = Bits(block, half * 64 + i % 64, i % 128 / 64 * 4, 4) |
                    Bits(block, 128 + half * 32 + i % 32, i % 128 / 32 * 2, 2) << 4;
      const int scale_byte = 192 + i / 16;
      const int scale = Bits(block, scale_byte, 0, 7) - 128 * Bits(block, scale_byte, 7, 1);
      return Scale(block, 208) * scale * (q - 32);
    }
  }
}

struct Layout {
  GgufType type;
  int elements;
  int bytes;
  std::vector<int> scales;  // where half-precision numbers lie
};

TEST(Dequantize, RandomBlocksAgreeWithASecondDerivation) {
  const Layout layouts[] = {
      {GgufType::kQ4_0, 32, 18, {0}},      {GgufType::kQ4_1, 32, 20, {0, 2}},
      {GgufType::kQ5_0, 32, 22, {0}},      {GgufType::kQ5_1, 32, 24, {0, 2}},
      {GgufType::kQ8_0, 32, 34, {0}},      {GgufType::kQ4_K, 256, 144, {0, 2}},
      {GgufType::kQ5_K, 256, 176, {0, 2}}, {GgufType::kQ6_K, 256, 210, {208}},
  };
  std::mt19937 random(7);
  for (const Layout& layout : layouts) {
    for (int round = 0; round < 50; ++round) {
      std::string block;
      for (int i = 0; i < layout.bytes; ++i) block.push_back(static_cast<char>(random()));
      for (const int place : layout.scales) {
        // A normal number of moderate size, either sign.
        const auto half = static_cast<uint16_t>((random() & 0x83FF) | (8 + random() % 16) << 10);
        std::memcpy(block.data() + place, &half, 2);
      }
      const std::vector<float> values = Unpack(layout.type, block, layout.elements);
      for (int i = 0; i < layout.elements; ++i) {
        ASSERT_EQ(values[i], static_cast<float>(Reference(layout.type, block, i)))
            << "type " << static_cast<uint32_t>(layout.type) << " weight " << i;
      }
    }
  }
}

TEST(Dequantize, WrongSizesAreErrors) {
  const std::string bytes(20, '\0');
  GgufTensor tensor{.name = "odd",
                    .shape = {32},
                    .type = GgufType::kQ4_1,
                    .data = std::as_bytes(std::span(bytes.data(), bytes.size()))};
  std::vector<float> values(31);
  EXPECT_THAT(std::string(Dequantize(tensor, values).message()),
              HasSubstr("tensor \"odd\": expected room for 32 numbers, found 31"));
  values.resize(32);
  EXPECT_TRUE(Dequantize(tensor, values).ok());
  tensor.data = tensor.data.first(19);
  EXPECT_THAT(std::string(Dequantize(tensor, values).message()),
              HasSubstr("expected 20 bytes for 32 numbers of type Q4_1, found 19"));
  tensor.type = static_cast<GgufType>(9);
  EXPECT_TRUE(absl::IsUnimplemented(Dequantize(tensor, values)));
}

}  // namespace
}  // namespace strata::evaluator
