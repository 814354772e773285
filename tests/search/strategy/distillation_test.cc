#include "search/strategy/distillation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "search/strategy/random.h"
#include "tests/search/linear_layout.h"

namespace strata::search {
namespace {

constexpr expr::AllocationTarget kTarget = {.sparsity = 0.7};
constexpr char kSlopes[] = "slopes(span(depth, 0.1), 0.7)";

class DistillationTest : public ::testing::Test {
 protected:
  DistillationTest() : features_(Linears(6)) {
    std::vector<double> first, second;
    for (int i = 0; i < features_.units(); ++i) {
      first.push_back(std::sin(1.0 * i));
      second.push_back(std::cos(2.3 * i));
    }
    EXPECT_TRUE(features_.Add("mean(WX)", first).ok());
    EXPECT_TRUE(features_.Add("var(WX)", second).ok());
    EXPECT_TRUE(features_.Add(kSlopes, second).ok());
    known_ = {"mean(WX)", kSlopes};
    variation_.sources = {"WX", "depth", "query", "down"};
    variation_.maximum_nodes = 30;
    variation_.adjust_weight = 2;
    std::erase(variation_.excluded, "shift");
    variation_.terms = {*expr::ParseExpression(kSlopes)};
  }

  // Reports a measured function with that loss.
  void Learn(Distillation* distillation, const std::string& text, double loss) {
    const expr::Expression expression = *expr::ParseExpression(text);
    const std::vector<std::string> features = expr::RequiredFeatures(expression);
    distillation->Learn({.id = next_id_++,
                         .expression = expression,
                         .features = features,
                         .allocation = Of(expression),
                         .objectives = Objectives{loss, 1.0 * expr::Complexity(expression)}});
  }

  expr::Allocation Of(const expr::Expression& expression) const {
    return *expr::EvaluateAllocation(expression, features_, kTarget);
  }

  double DistanceOf(const expr::Expression& expression, const expr::Allocation& wanted) const {
    const expr::Allocation allocation = Of(expression);
    double squares = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      squares += features_.weights()[i] * std::pow(allocation[i] - wanted[i], 2);
    }
    return std::sqrt(squares);
  }

  expr::FeatureTable features_;
  std::set<std::string> known_;
  expr::VariationOptions variation_;
  int64_t next_id_ = 0;
};

TEST_F(DistillationTest, FindsFunctionsNearAnAllocationThatSlopesMade) {
  const expr::Expression start = *expr::ParseExpression("span(depth, 0.1)");
  const expr::Allocation wanted = Of(*expr::ParseExpression(
      "shift(shift(span(depth + mean(WX), 0.1), query, 0.08), down, -0.05)"));
  Distillation distillation(3000, kTarget, variation_);
  Learn(&distillation, "span(depth, 0.1)", 4);
  Learn(&distillation, "descend(span(depth, 0.1), 0.7, 0.05)", 3);
  const auto random = MakeRandomGenerator(1);
  const auto found = distillation.Distil(*random, wanted, features_, known_);
  ASSERT_FALSE(found.empty());
  EXPECT_LT(DistanceOf(found.front(), wanted), 0.3 * DistanceOf(start, wanted));
  for (size_t i = 0; i < found.size(); ++i) {
    for (const std::string& feature : expr::RequiredFeatures(found[i])) {
      EXPECT_EQ(feature, "mean(WX)");  // the only known one without slopes
    }
    if (i == 0) continue;
    EXPECT_LE(2 * expr::Complexity(found[i]), expr::Complexity(found[i - 1]));
    EXPECT_GT(DistanceOf(found[i], wanted), DistanceOf(found[i - 1], wanted));
  }
}

TEST_F(DistillationTest, TheSameGeneratorFindsTheSameFunctions) {
  const expr::Allocation wanted = Of(*expr::ParseExpression("span(depth - mean(WX), 0.15)"));
  Distillation distillation(500, kTarget, variation_);
  Learn(&distillation, "span(mean(WX), 0.1)", 4);
  const auto first = MakeRandomGenerator(7), second = MakeRandomGenerator(7);
  EXPECT_EQ(distillation.Distil(*first, wanted, features_, known_),
            distillation.Distil(*second, wanted, features_, known_));
}

TEST_F(DistillationTest, FindsNothingWithoutAParentThatNeedsNoSlopes) {
  Distillation distillation(100, kTarget, variation_);
  Learn(&distillation, "descend(span(depth, 0.1), 0.7, 0.05)", 3);
  const auto random = MakeRandomGenerator(1);
  const expr::Allocation uniform(static_cast<size_t>(features_.units()), 0.7);
  EXPECT_TRUE(distillation.Distil(*random, uniform, features_, known_).empty());
}

}  // namespace
}  // namespace strata::search
