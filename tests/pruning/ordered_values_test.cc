#include "pruning/ordered_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace strata::pruning {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();

TEST(OrderedValuesTest, BitsSortAsValuesDo) {
  const std::vector<float> ascending = {-kInfinity, -3e38f, -1.0f, -1e-44f,  0.0f,
                                        1e-44f,     1.0f,   3e38f, kInfinity};
  for (size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(OrderedBits(ascending[i - 1]), OrderedBits(ascending[i])) << ascending[i];
  }
  EXPECT_EQ(OrderedBits(-0.0f), OrderedBits(0.0f));
  EXPECT_GT(OrderedBits(kNotANumber), OrderedBits(kInfinity));
  EXPECT_EQ(OrderedBits(-kNotANumber), OrderedBits(kNotANumber));
}

TEST(OrderedValuesTest, SortsAsTheStandardLibraryDoes) {
  std::mt19937 random(7);
  std::vector<float> values(50000);
  for (float& x : values) {
    // Any finite number: the exponent's last pattern is left out.
    uint32_t bits = random();
    if ((bits & 0x7F800000u) == 0x7F800000u) bits &= ~0x00800000u;
    x = std::bit_cast<float>(bits);
  }
  std::vector<float> expected = values;
  std::sort(expected.begin(), expected.end());
  SortAscending(values);
  EXPECT_EQ(values, expected);

  std::vector<float> with_nan = {1, kNotANumber, -kInfinity, kInfinity};
  SortAscending(with_nan);
  EXPECT_EQ(with_nan[0], -kInfinity);
  EXPECT_EQ(with_nan[2], kInfinity);
  EXPECT_TRUE(std::isnan(with_nan[3]));
}

TEST(OrderedValuesTest, QuantilesAreInterpolated) {
  const std::vector<float> values = {1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(QuantileOfSorted(values, 0.5), 3.0);
  EXPECT_DOUBLE_EQ(QuantileOfSorted(values, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(QuantileOfSorted(values, 0.99), 4 + 0.97 * 4);
  EXPECT_DOUBLE_EQ(QuantileOfSorted(values, 1), 8.0);
  EXPECT_DOUBLE_EQ(QuantileOfSorted(std::vector<float>{5}, 0.3), 5.0);
  EXPECT_EQ(QuantileOfSorted(std::vector<float>{1, kInfinity, kInfinity}, 0.75), kInfinity);
  EXPECT_TRUE(std::isnan(QuantileOfSorted(std::vector<float>{1, kNotANumber}, 0.01)));
}

TEST(OrderedValuesTest, GiniIsThatOfMagnitudes) {
  EXPECT_DOUBLE_EQ(GiniOfSorted(std::vector<float>{2, 2, 2}), 0.0);
  EXPECT_DOUBLE_EQ(GiniOfSorted(std::vector<float>{0, 0, 0, 5}), 0.75);
  // Magnitudes 1 2 3 4: (-3 - 2 + 3 + 12) / 40.
  EXPECT_DOUBLE_EQ(GiniOfSorted(std::vector<float>{-4, -1, 2, 3}), 0.25);
  EXPECT_DOUBLE_EQ(GiniOfSorted(std::vector<float>{-4, -3, -2, -1}), 0.25);
  EXPECT_TRUE(std::isnan(GiniOfSorted(std::vector<float>{0, 0})));
  EXPECT_TRUE(std::isnan(GiniOfSorted(std::vector<float>{-1, 1, kNotANumber})));
  EXPECT_TRUE(std::isnan(GiniOfSorted(std::vector<float>{1, kInfinity})));
}

}  // namespace
}  // namespace strata::pruning
