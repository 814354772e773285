#include "evaluator/formats/number_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace strata::evaluator {
namespace {

std::vector<std::byte> BytesOf(const std::vector<uint16_t>& bits) {
  std::vector<std::byte> bytes(2 * bits.size());
  std::memcpy(bytes.data(), bits.data(), bytes.size());
  return bytes;
}

std::vector<uint16_t> Packed(NumberFormat format, const std::vector<float>& numbers) {
  std::vector<uint16_t> bits(numbers.size());
  const absl::Status status =
      Pack(format, numbers, std::as_writable_bytes(std::span(bits.data(), bits.size())));
  EXPECT_TRUE(status.ok()) << status;
  return bits;
}

std::vector<uint16_t> AllBits() {
  std::vector<uint16_t> bits(65536);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
  return bits;
}

// By the definition of the format.
float HalfByDefinition(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const float sign = bits & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  return sign * static_cast<float>(exponent == 0 ? std::ldexp(fraction, -24)
                                                 : std::ldexp(1024 + fraction, exponent - 25));
}

TEST(NumberFormat, EveryFloat16UnpacksAsDefinedAndPacksBack) {
  const std::vector<uint16_t> all = AllBits();
  std::vector<float> numbers(all.size());
  Unpack(NumberFormat::kFloat16, BytesOf(all), numbers);
  const std::vector<uint16_t> back = Packed(NumberFormat::kFloat16, numbers);
  for (size_t i = 0; i < all.size(); ++i) {
    const float expected = HalfByDefinition(all[i]);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(numbers[i])) << i;
      ASSERT_TRUE(std::isnan(HalfByDefinition(back[i]))) << i;
      continue;
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(numbers[i]), std::bit_cast<uint32_t>(expected)) << i;
    ASSERT_EQ(back[i], all[i]);
  }
}

TEST(NumberFormat, EveryBFloat16UnpacksAndPacksBack) {
  const std::vector<uint16_t> all = AllBits();
  std::vector<float> numbers(all.size());
  Unpack(NumberFormat::kBFloat16, BytesOf(all), numbers);
  const std::vector<uint16_t> back = Packed(NumberFormat::kBFloat16, numbers);
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(numbers[i]), uint32_t{all[i]} << 16);
    if (!std::isnan(numbers[i])) {
      ASSERT_EQ(back[i], all[i]);
    }
  }
}

TEST(NumberFormat, Float16RoundsToTheNearestAndTiesToEven) {
  // Between neighbours of every exponent, subnormal ones too: just below, at and above the middle.
  for (int bits = 0; bits < 0x7BFF; ++bits) {
    const float low = HalfByDefinition(static_cast<uint16_t>(bits));
    const float high = HalfByDefinition(static_cast<uint16_t>(bits + 1));
    const float middle = (low + high) / 2;
    const uint16_t even = static_cast<uint16_t>(bits + bits % 2);
    ASSERT_THAT(Packed(NumberFormat::kFloat16, {std::nextafter(middle, low), middle,
                                                std::nextafter(middle, high), -middle}),
                ::testing::ElementsAre(bits, even, bits + 1, even | 0x8000));
  }
}

TEST(NumberFormat, NumbersTooLargeAreRefusedAndTheLargestTaken) {
  std::vector<std::byte> bytes(2);
  EXPECT_EQ(Packed(NumberFormat::kFloat16, {std::nextafter(65520.0f, 0.0f)})[0], 0x7BFF);
  for (const float number : {65520.0f, -70000.0f, 3e38f}) {
    const absl::Status status = Pack(NumberFormat::kFloat16, {&number, 1}, bytes);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << number;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("too large for F16"));
  }
  const float huge = std::numeric_limits<float>::max();
  EXPECT_EQ(Pack(NumberFormat::kBFloat16, {&huge, 1}, bytes).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Packed(NumberFormat::kBFloat16, {3.3895e38f})[0], 0x7F7F);
}

TEST(NumberFormat, Float32IsKeptBitForBit) {
  const std::vector<float> numbers = {0.0f, -0.0f, 1e-45f, -3.5f, 3e38f};
  std::vector<std::byte> bytes(4 * numbers.size());
  ASSERT_TRUE(Pack(NumberFormat::kFloat32, numbers, bytes).ok());
  std::vector<float> back(numbers.size());
  Unpack(NumberFormat::kFloat32, bytes, back);
  EXPECT_EQ(std::memcmp(numbers.data(), back.data(), bytes.size()), 0);
}

TEST(NumberFormat, NamesReadBack) {
  for (const auto format :
       {NumberFormat::kFloat32, NumberFormat::kFloat16, NumberFormat::kBFloat16}) {
    EXPECT_EQ(ParseNumberFormat(NameOf(format)), format);
  }
  EXPECT_EQ(ParseNumberFormat("F64"), std::nullopt);
}

TEST(NumberFormat, FirstNotFiniteFindsNaNAndInfinity) {
  std::vector<float> numbers(1000, 1.0f);
  EXPECT_EQ(FirstNotFinite(numbers), -1);
  numbers[999] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(FirstNotFinite(numbers), 999);
  numbers[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(FirstNotFinite(numbers), 3);
}

}  // namespace
}  // namespace strata::evaluator
