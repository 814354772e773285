#include "expr/node_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "expr/blockwise.h"
#include "tests/expr/any_tree.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::ElementsAre;

TEST(NodeValues, ParentsBeforeChildren) {
  const Expression tree = Parsed("span(depth * 2 + var(abs(W)), 0.1)");
  FeatureTable table(SquareBlocks({100, 100, 100}));
  ASSERT_TRUE(table.Add("var(abs(W))", {1, 2, 3}).ok());
  const std::vector<NodeValue> nodes = EvaluateNodes(tree, table, {.sparsity = 0.5});
  ASSERT_EQ(nodes.size(), 8u);
  EXPECT_EQ(nodes[0].node, &tree);
  EXPECT_THAT(nodes[0].values,
              ElementsAre(::testing::DoubleNear(0.4, 1e-12), ::testing::DoubleNear(0.5, 1e-12),
                          ::testing::DoubleNear(0.6, 1e-12)));
  EXPECT_THAT(nodes[1].values, ElementsAre(1, 3, 5));
  EXPECT_THAT(nodes[2].values, ElementsAre(0, 1, 2));
  EXPECT_THAT(nodes[3].values, ElementsAre(0, 0.5, 1));
  EXPECT_EQ(nodes[3].depth, 3);
  EXPECT_THAT(nodes[5].values, ElementsAre(1, 2, 3));
  EXPECT_TRUE(nodes[6].values.empty()) << "a tensor";
  EXPECT_TRUE(nodes[6].status.ok());
}

TEST(NodeValues, DsaShowsWhatIsNotANumber) {
  FeatureTable table(SquareBlocks({100, 100}));
  ASSERT_TRUE(table.Add("var(abslog(WX))", {1, 2}).ok());
  const Expression tree = Parsed("dsa(asin(atan(var(abslog(WX)))), 0.08)");
  const std::vector<NodeValue> nodes = EvaluateNodes(tree, table, {.sparsity = 0.5});
  EXPECT_FALSE(std::isnan(nodes[1].values[0]));
  EXPECT_TRUE(std::isnan(nodes[1].values[1]));
  EXPECT_EQ(nodes[2].values[0], static_cast<double>(static_cast<float>(std::atan(1.0))));
}

TEST(NodeValues, AMissingFeatureIsNamedUpToTheRoot) {
  const FeatureTable table(SquareBlocks({100, 100}));
  const Expression tree = Parsed("span(depth + mean(X), 0.1)");
  const std::vector<NodeValue> nodes = EvaluateNodes(tree, table, {.sparsity = 0.5});
  EXPECT_EQ(nodes[0].status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(nodes[1].status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(nodes[2].status.ok());
  EXPECT_EQ(nodes[2].values.size(), 2u);
  EXPECT_EQ(nodes[3].status.code(), absl::StatusCode::kNotFound);
}

// Every node has the value that evaluating it by itself gives.
TEST(NodeValues, AreThoseOfTheEvaluator) {
  MersenneTwister random(12);
  for (int k = 0; k < 3000; ++k) {
    const Expression tree = AnyTree(random).Of(ValueType::kAllocation, 2 + k % 6);
    FeatureTable table(SquareBlocks(std::vector<int64_t>(1 + random.Below(12), 3538944)));
    // Of blocks or of units, which are blocks here: one statistic.
    for (const std::string& feature : RequiredFeatures(tree)) {
      const std::string plain = FeatureOfBlocks(feature).value_or(feature);
      if (table.Find(plain) != nullptr) continue;
      const auto values = HostileFeature(random, static_cast<size_t>(table.units()));
      ASSERT_TRUE(table.Add(plain, values).ok());
      ASSERT_TRUE(table.Add(BlockwiseFeature(plain), values).ok());
    }
    for (const NodeValue& value : EvaluateNodes(tree, table, {.sparsity = 0.5})) {
      if (TypeOf(*value.node) == ValueType::kAllocation) {
        const auto expected = EvaluateAllocation(*value.node, table, {.sparsity = 0.5});
        ASSERT_EQ(value.status, expected.status());
        if (expected.ok()) {
          ASSERT_EQ(value.values, *expected);
        }
      }
      // Below dsa(...), values follow another rule than by themselves.
      const bool has_dsa = PrintExpression(tree).find("dsa(") != std::string::npos;
      if (TypeOf(*value.node) != ValueType::kUnits || has_dsa) continue;
      if (OperatorOf(tree.op).kind == OperatorKind::kAdjustment) continue;
      const auto expected = EvaluateUnits(*value.node, table);
      ASSERT_TRUE(expected.ok());
      ASSERT_EQ(value.values, *expected) << PrintExpression(*value.node);
    }
  }
}

}  // namespace
}  // namespace strata::expr
