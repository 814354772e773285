#include "expr/descent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "expr/allocation.h"
#include "expr/reading.h"
#include "expr/variation.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kTolerance = 1e-12;

TEST(DescentStep, GoesAgainstTheSlopePerWeightLessItsMean) {
  // Per weight the slopes are 2, 4 and 8, and their weighted mean is 4.
  std::vector<double> step(3);
  DescentStep(std::vector<double>{1, 1, 2}, std::vector<double>{0.5, 0.25, 0.25}, step);
  EXPECT_THAT(step, ElementsAre(1, 0, -2));
}

TEST(DescentStep, IsZeroWhereAllWeightsCostTheSame) {
  std::vector<double> step(3);
  DescentStep(std::vector<double>{2, 1, 1}, std::vector<double>{0.5, 0.25, 0.25}, step);
  EXPECT_THAT(step, ElementsAre(0, 0, 0));
}

TEST(DescentStep, NoUnitGoesMoreThanThreeTimesAsFarAsTheMean) {
  std::vector<double> slopes(10, 1.0), step(10);
  slopes[4] = 100;
  DescentStep(slopes, std::vector<double>(10, 0.1), step);
  EXPECT_DOUBLE_EQ(step[4], -3);
  EXPECT_GT(step[0], 0);
}

FeatureTable ThreeUnits() { return FeatureTable(SquareBlocks({200, 100, 100})); }

TEST(Descend, MovesTheSparsitiesOfItsOperandAlongMeasuredSlopes) {
  FeatureTable table = ThreeUnits();
  ASSERT_TRUE(table.Add("slopes(uniform(), 0.7)", {1, 1, 2}).ok());
  const Expression descent = Parsed("descend(uniform(), 0.7, 0.05)");
  const auto allocation = EvaluateAllocation(descent, table, {.sparsity = 0.7});
  ASSERT_TRUE(allocation.ok()) << allocation.status();
  EXPECT_THAT(*allocation, ElementsAre(DoubleNear(0.75, kTolerance), DoubleNear(0.7, kTolerance),
                                       DoubleNear(0.6, kTolerance)));
  // The slopes are those at 0.7; the operand is taken at the target.
  const auto elsewhere = EvaluateAllocation(descent, table, {.sparsity = 0.6});
  ASSERT_TRUE(elsewhere.ok()) << elsewhere.status();
  EXPECT_NEAR((*elsewhere)[0], 0.65, kTolerance);
}

TEST(Descend, SlopesAreNumbersOfUnitsLikeOthers) {
  FeatureTable table = ThreeUnits();
  ASSERT_TRUE(table.Add("slopes(uniform(), 0.7)", {1, 1, 2}).ok());
  const auto values = EvaluateUnits(Parsed("-slopes(uniform(), 0.7) / size"), table);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT(*values, ElementsAre(-1, -2, -4));
}

TEST(Descend, NeedsTheSlopesAndTheFeaturesOfItsOperand) {
  EXPECT_THAT(RequiredFeatures(Parsed("descend(span(mean(WX), 0.1), 0.7, 0.05)")),
              ElementsAre("mean(WX)", "slopes(span(mean(WX), 0.1), 0.7)"));
  EXPECT_THAT(RequiredFeatures(Parsed("descend(descend(uniform(), 0.7, 0.1), 0.6, 0.05)")),
              ElementsAre("slopes(descend(uniform(), 0.7, 0.1), 0.6)", "slopes(uniform(), 0.7)"));
  // What slopes need is measured before them, so it is not a feature of the expression.
  EXPECT_THAT(RequiredFeatures(Parsed("span(slopes(span(mean(WX), 0.1), 0.7), 0.1)")),
              ElementsAre("slopes(span(mean(WX), 0.1), 0.7)"));
  const auto missing =
      EvaluateAllocation(Parsed("descend(uniform(), 0.7, 0.05)"), ThreeUnits(), {.sparsity = 0.7});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("slopes(uniform(), 0.7)"));
}

TEST(Descend, OperandsMustBeAllocations) {
  EXPECT_FALSE(ParseExpression("slopes(depth, 0.7)").ok());
  EXPECT_FALSE(ParseExpression("descend(depth, 0.7, 0.05)").ok());
  EXPECT_FALSE(ParseExpression("slopes(uniform(), 1.2)").ok());
}

TEST(Descend, HelpersAndTextAgree) {
  const Expression descent = Descend(Parsed("span(depth, 0.1)"), 0.7, 0.05);
  EXPECT_EQ(PrintExpression(descent), "descend(span(depth, 0.1), 0.7, 0.05)");
  EXPECT_EQ(PrintExpression(SlopesOf(descent)), "slopes(span(depth, 0.1), 0.7)");
  EXPECT_THAT(ReadingOf(descent, "block"), HasSubstr("sparsity moves by 0.05 on average"));
}

// Any change of the operand would have to be measured before a child can be judged.
TEST(Descend, VariationsLeaveMeasuredOperandsAsTheyAre) {
  const Expression parent = Parsed(
      "shift(descend(span(mean(WX), 0.1), 0.7, 0.05), -slopes(ramp(depth, 0.01), 0.7), 0.1)");
  MersenneTwister random(7);
  VariationOptions options;
  options.maximum_nodes = 40;
  options.maximum_depth = 14;
  options.terms = {Parsed("slopes(uniform(), 0.6) / size")};
  ASSERT_TRUE(ValidateOptions(options).ok());
  int with_length = 0, with_term = 0;
  for (int i = 0; i < 3000; ++i) {
    const Expression child =
        i % 4 == 0 ? Crossover(random, parent, parent, options) : Mutate(random, parent, options);
    ASSERT_TRUE(Validate(child).ok());
    for (const std::string& feature : RequiredFeatures(child)) {
      if (!feature.starts_with("slopes(")) continue;
      EXPECT_TRUE(feature == "slopes(span(mean(WX), 0.1), 0.7)" ||
                  feature == "slopes(ramp(depth, 0.01), 0.7)" ||
                  feature == "slopes(uniform(), 0.6)")
          << feature;
      with_term += feature == "slopes(uniform(), 0.6)" ? 1 : 0;
    }
    const std::string text = PrintExpression(child);
    with_length +=
        text.find("0.7, 0.05)") == std::string::npos && text.find("descend(") != std::string::npos
            ? 1
            : 0;
  }
  EXPECT_GT(with_length, 0);
  EXPECT_GT(with_term, 0);
}

TEST(Descend, TermsMustBeNumbersOfUnits) {
  VariationOptions options;
  options.terms = {Parsed("uniform()")};
  EXPECT_FALSE(ValidateOptions(options).ok());
}

}  // namespace
}  // namespace strata::expr
