#include "expr/value_facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/expr/random_tables.h"

namespace strata::expr {
namespace {

TEST(ValueFacts, FollowFromDefinitions) {
  EXPECT_EQ(FactsOf(Parsed("2 - depth")).low, 1);
  EXPECT_EQ(FactsOf(Parsed("2 - depth")).high, 2);
  EXPECT_EQ(FactsOf(Parsed("std(W)")).low, 0);
  EXPECT_EQ(FactsOf(Parsed("mean(WX)")).low, 0);
  EXPECT_LT(FactsOf(Parsed("mean(W)")).low, -1e300);
  EXPECT_TRUE(FactsOf(Parsed("exp(ranks(3)) + 1")).uniform);
  EXPECT_FALSE(FactsOf(Parsed("cumsum(3)")).uniform);
  EXPECT_GT(FactsOf(Parsed("exp(3 - 2 * depth)")).gap, 0);
  EXPECT_LE(FactsOf(Parsed("softplus(depth + 10)")).gap, FactsOf(Parsed("depth + 10")).gap);
  EXPECT_EQ(FactsOf(Parsed("exp(influence)")).gap, 0);
  EXPECT_EQ(FactsOf(Parsed("minmax(influence)")).range, 1);
  EXPECT_EQ(FactsOf(Parsed("minmax(influence)")).gap, 0);
}

TEST(ValueFacts, OperandsSeenThroughMonotoneFunctions) {
  EXPECT_EQ(MonotoneOperand(Parsed("atan(depth)")).child, 0);
  EXPECT_FALSE(MonotoneOperand(Parsed("acos(depth)")).increasing);
  EXPECT_EQ(MonotoneOperand(Parsed("atan(influence)")).child, -1);
  EXPECT_EQ(MonotoneOperand(Parsed("atan(1000 * exp(10 * depth))")).child, -1);  // saturates
  EXPECT_EQ(AffineOperand(Parsed("3 - zscore(influence)")).child, 1);
  EXPECT_FALSE(AffineOperand(Parsed("3 - zscore(influence)")).increasing);
  EXPECT_EQ(AffineOperand(Parsed("3 - influence")).child, -1);
  EXPECT_EQ(AffineOperand(Parsed("900 + minmax(influence)")).child, -1);
  EXPECT_EQ(ExactMultiple(Parsed("-4 * tanh(influence)")).child, 1);
  EXPECT_EQ(ExactMultiple(Parsed("3 * tanh(influence)")).child, -1);
  EXPECT_EQ(ExactMultiple(Parsed("0.5 * tanh(influence)")).child, -1);  // may underflow
  EXPECT_EQ(ExactMultiple(Parsed("2 * influence")).child, -1);          // may overflow
}

// Every node of type Units, with the table that it is evaluated on.
void VisitLayers(const Expression& node, const FeatureTable& table,
                 const std::function<void(const Expression&, const FeatureTable&)>& visit) {
  if (TypeOf(node) == ValueType::kTensor || OperatorOf(node.op).name == "dsa") return;
  if (TypeOf(node) == ValueType::kUnits) visit(node, table);
  if (OperatorOf(node.op).name == "blockwise") {
    const absl::StatusOr<FeatureTable> blocks = BlockTable(node.children[0], table);
    ASSERT_TRUE(blocks.ok()) << PrintExpression(node);
    VisitLayers(node.children[0], *blocks, visit);
    return;
  }
  for (const Expression& child : node.children) VisitLayers(child, table, visit);
}

void ExpectFacts(const ValueFacts& facts, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  EXPECT_GE(values.front(), facts.low);
  EXPECT_LE(values.back(), facts.high);
  const double range = values.back() - values.front();
  EXPECT_TRUE(!facts.uniform || range == 0);
  EXPECT_TRUE(range == 0 || range >= facts.range * (1 - 1e-9)) << range;
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_TRUE(values[i] == 0 || std::fabs(values[i]) >= facts.floor) << values[i];
    if (i == 0 || values[i] == values[i - 1]) continue;
    EXPECT_GE(values[i] - values[i - 1], facts.gap * (1 - 1e-9));
  }
}

TEST(ValueFacts, HoldOnHostileTables) {
  MersenneTwister random(21);
  VariationOptions options;
  options.excluded.clear();
  options.sources = {"depth", "last", "attention", "size", "fan", "query", "influence", "W", "WX"};
  int informative = 0;
  for (int round = 0; round < 40000; ++round) {
    const Expression tree = RandomExpression(random, options);
    const FeatureTable hostile = HostileTable(tree, RandomLayout(random), random);
    VisitLayers(tree, hostile, [&](const Expression& node, const FeatureTable& table) {
      const ValueFacts facts = FactsOf(node);
      informative += facts.low > -1e300 || facts.high < 1e300;
      const absl::StatusOr<std::vector<double>> values = EvaluateUnits(node, table);
      ASSERT_TRUE(values.ok()) << PrintExpression(node);
      ExpectFacts(facts, *values);
    });
    ASSERT_FALSE(HasFailure()) << PrintExpression(tree);
  }
  EXPECT_GT(informative, 10000);
}

}  // namespace
}  // namespace strata::expr
