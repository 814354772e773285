#include "cli/report/paired_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

TEST(PairedDifferenceTest, WindowsOfTheSameDifferenceLeaveNoDoubt) {
  // The windows differ by far more than the functions do.
  const auto difference = ComparePaired({1, 3, 9, 4}, {0.75, 2.75, 8.75, 3.75});
  ASSERT_TRUE(difference.has_value());
  EXPECT_EQ(difference->loss, -0.25);
  EXPECT_EQ(difference->windows, 4u);
  ASSERT_TRUE(difference->interval.has_value());
  EXPECT_NEAR(difference->interval->low, -0.25, 1e-12);
  EXPECT_NEAR(difference->interval->high, -0.25, 1e-12);
}

// Two windows with the differences -1 and 0: a resample has the mean -1 or 0 with probability 1/4
// each and -1/2 with 1/2, so the middle 95 % of many are the whole range.
TEST(PairedDifferenceTest, TheIntervalIsThatOfResampledPairs) {
  const auto difference = ComparePaired({3, 5}, {2, 5});
  ASSERT_TRUE(difference.has_value() && difference->interval.has_value());
  EXPECT_EQ(difference->loss, -0.5);
  EXPECT_EQ(difference->interval->low, -1);
  EXPECT_EQ(difference->interval->high, 0);

  // Twenty differences of -1 and 1 in turn: the normal approximation of their mean's interval.
  std::vector<double> other(20, 4.0), one;
  for (int i = 0; i < 20; ++i) one.push_back(i % 2 == 0 ? 3.0 : 5.0);
  const auto even = ComparePaired(other, one);
  ASSERT_TRUE(even.has_value() && even->interval.has_value());
  EXPECT_NEAR(even->interval->low, -1.96 / std::sqrt(20.0), 0.07);
  EXPECT_NEAR(even->interval->high, 1.96 / std::sqrt(20.0), 0.07);
}

TEST(PairedDifferenceTest, OneWindowHasNoIntervalAndUnequalNumbersNoDifference) {
  const auto one = ComparePaired({2}, {1.5});
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->loss, -0.5);
  EXPECT_FALSE(one->interval.has_value());
  EXPECT_TRUE(ToJson(*one)["loss_difference_interval"].is_null());
  EXPECT_THAT(Describe(*one), HasSubstr("no interval: 1 window"));
  EXPECT_FALSE(ComparePaired({2, 3}, {1.5}).has_value());
  EXPECT_FALSE(ComparePaired({}, {}).has_value());
}

TEST(PairedDifferenceTest, JsonAndTextSayTheRatioAndHowItWasMade) {
  const auto difference = ComparePaired({3, 5}, {2, 5});
  ASSERT_TRUE(difference.has_value());
  const auto json = ToJson(*difference);
  EXPECT_DOUBLE_EQ(json["perplexity_ratio"], std::exp(-0.5));
  EXPECT_DOUBLE_EQ(json["perplexity_ratio_interval"][0], std::exp(-1));
  EXPECT_DOUBLE_EQ(json["perplexity_ratio_interval"][1], 1);
  EXPECT_EQ(
      Describe(*difference),
      "loss -0.500 [-1.000, +0.000], perplexity x 0.607 [0.368, 1.000] (95 % paired bootstrap "
      "interval, 2 windows, 10000 resamples, seed 1)");
  EXPECT_EQ(PairedBootstrapJson()["resamples"], 10000);
}

}  // namespace
}  // namespace strata::cli
