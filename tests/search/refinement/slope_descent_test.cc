#include "search/refinement/slope_descent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace strata::search {
namespace {

using ::testing::HasSubstr;

const std::vector<int64_t> kParameters = {100, 100, 200};
const expr::Allocation kStart = {0.5, 0.5, 0.5};
// The loss rises with the sparsity of the first unit most, per weight.
const std::vector<double> kSlopes = {4, 1, 2};

SlopeDescent Make() {
  expr::AllocationTarget target;
  target.sparsity = 0.5;
  return {kParameters, target};
}

TEST(SlopeDescent, StepsKeepTheBudgetAndGoAgainstTheSlopes) {
  SlopeDescent descent = Make();
  EXPECT_FALSE(descent.has_slopes());
  descent.AskSlopes(0);
  EXPECT_TRUE(descent.awaits_slopes());
  ASSERT_TRUE(descent.TellSlopes(0, kSlopes).ok());
  EXPECT_FALSE(descent.awaits_slopes());
  const std::vector<SlopeDescent::Step> line = descent.Line(kStart);
  ASSERT_EQ(line.size(), 4u);
  for (const SlopeDescent::Step& step : line) {
    EXPECT_NEAR(expr::MeanSparsity(step.allocation, kParameters), 0.5, 1e-12);
    EXPECT_LT(step.allocation[0], 0.5);
    EXPECT_GT(step.allocation[1], 0.5);
    EXPECT_NEAR(step.allocation[1], step.allocation[2], 1e-12);  // the same slope per weight
    double change = 0;
    for (size_t i = 0; i < kStart.size(); ++i) {
      change += static_cast<double>(kParameters[i]) / 400 * std::abs(step.allocation[i] - 0.5);
    }
    EXPECT_NEAR(change, step.length, 1e-12);
  }
  EXPECT_GT(line[0].length, line[3].length);
}

TEST(SlopeDescent, AGainMovesTheLineAndItsLength) {
  SlopeDescent descent = Make();
  descent.AskSlopes(0);
  ASSERT_TRUE(descent.TellSlopes(0, kSlopes).ok());
  const std::vector<SlopeDescent::Step> line = descent.Line(kStart);
  for (size_t i = 0; i < line.size(); ++i) {
    descent.Begin(static_cast<int64_t>(i) + 1, line[i].length);
  }
  EXPECT_TRUE(descent.is_on_line());
  descent.EndLine(1);
  EXPECT_FALSE(descent.is_on_line());
  EXPECT_FALSE(descent.has_slopes());
  descent.AskSlopes(1);
  ASSERT_TRUE(descent.TellSlopes(1, kSlopes).ok());
  EXPECT_NEAR(descent.Line(line[0].allocation)[0].length, 2 * line[0].length, 1e-12);
}

TEST(SlopeDescent, LinesWithoutGainGetShorterUntilItIsOver) {
  SlopeDescent descent = Make();
  descent.AskSlopes(0);
  ASSERT_TRUE(descent.TellSlopes(0, kSlopes).ok());
  int lines = 0;
  double longest = std::numeric_limits<double>::infinity();
  while (!descent.is_over()) {
    const std::vector<SlopeDescent::Step> line = descent.Line(kStart);
    EXPECT_LT(line.front().length, longest);
    longest = line.back().length;
    descent.Begin(++lines, line.front().length);
    descent.EndLine(0);
    EXPECT_TRUE(descent.has_slopes());
  }
  EXPECT_EQ(lines, 2);
}

TEST(SlopeDescent, EqualSlopesPerWeightLeadNowhere) {
  SlopeDescent descent = Make();
  descent.AskSlopes(0);
  ASSERT_TRUE(descent.TellSlopes(0, {1, 1, 2}).ok());
  EXPECT_TRUE(descent.Line(kStart).empty());
}

TEST(SlopeDescent, AFailureEndsItAndOtherSlopesAreRefused) {
  SlopeDescent descent = Make();
  EXPECT_FALSE(descent.TellSlopes(0, kSlopes).ok());
  descent.AskSlopes(3);
  EXPECT_FALSE(descent.TellSlopes(2, kSlopes).ok());
  EXPECT_THAT(std::string(descent.TellSlopes(3, {1, 2}).message()),
              HasSubstr("slopes at allocation 3: expected 3 finite numbers, found 2"));
  EXPECT_FALSE(descent.TellSlopes(3, {1, 2, std::nan("")}).ok());
  EXPECT_EQ(descent.slopes_measured(), 0);
  ASSERT_TRUE(descent.TellFailure(3, "no memory").ok());
  EXPECT_FALSE(descent.TellFailure(3, "late").ok());
  EXPECT_TRUE(descent.is_over());
  EXPECT_EQ(descent.failure(), "no memory");
  EXPECT_EQ(descent.slopes_measured(), 1);
}

}  // namespace
}  // namespace strata::search
