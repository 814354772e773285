#include "cli/report/rank_correlation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace strata::cli {
namespace {

TEST(RankCorrelationTest, OrdersThatAgreeOrOppose) {
  EXPECT_DOUBLE_EQ(*RankCorrelation({{1, 10}, {2, 100}, {3, 1000}}), 1);
  EXPECT_DOUBLE_EQ(*RankCorrelation({{1, 3}, {2, 2}, {3, 1}}), -1);
}

// Ranks 1 2 3 4 5 against 2 1 4 3 5: 1 - 6 * 4 / (5 * 24) = 0.8.
TEST(RankCorrelationTest, WorkedExample) {
  EXPECT_DOUBLE_EQ(*RankCorrelation({{1, 20}, {2, 10}, {3, 40}, {4, 30}, {5, 50}}), 0.8);
}

// Ranks 1 2.5 2.5 4 against 1 2 3 4: 4.5 / sqrt(4.5 * 5).
TEST(RankCorrelationTest, EqualValuesShareTheirMeanRank) {
  EXPECT_DOUBLE_EQ(*RankCorrelation({{1, 1}, {2, 2}, {2, 3}, {4, 4}}), 4.5 / std::sqrt(22.5));
}

TEST(RankCorrelationTest, NothingToSay) {
  EXPECT_FALSE(RankCorrelation({{1, 1}, {2, 2}}).has_value());
  EXPECT_FALSE(RankCorrelation({{1, 1}, {1, 2}, {1, 3}}).has_value());
}

}  // namespace
}  // namespace strata::cli
