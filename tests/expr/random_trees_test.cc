// Properties of 100,000 random trees.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "expr/grammar.h"
#include "tests/expr/random_tables.h"

namespace strata::expr {
namespace {

constexpr int kTrees = 100000;

VariationOptions Everything() {
  VariationOptions options;
  options.sources.clear();
  options.excluded.clear();
  for (const Operator& row : Operators()) {
    if (row.kind != OperatorKind::kTensorSource && row.kind != OperatorKind::kStructuralSource) {
      continue;
    }
    options.sources.push_back(std::string(row.name));
  }
  return options;
}

// Every child is of a type that its parent accepts; independent of Validate.
void ExpectTyped(const Expression& tree) {
  for (size_t i = 0; i < tree.children.size(); ++i) {
    ASSERT_TRUE(Accepts(OperatorOf(tree.op), i, TypeOf(tree.children[i]))) << PrintExpression(tree);
    ExpectTyped(tree.children[i]);
  }
}

void CollectOperators(const Expression& tree, std::set<std::string>& used) {
  used.insert(std::string(OperatorOf(tree.op).name));
  for (const Expression& child : tree.children) CollectOperators(child, used);
}

bool Holds(const Expression& tree, OperatorId op) {
  if (tree.op == op) return true;
  for (const Expression& child : tree.children) {
    if (Holds(child, op)) return true;
  }
  return false;
}

TEST(RandomTrees, AreTypedWithinTheLimitsAndReadBackFromTheirText) {
  MersenneTwister random(20250610);
  const VariationOptions options = Everything();
  std::set<std::string> used;
  int nested = 0;
  for (int k = 0; k < kTrees; ++k) {
    const Expression tree = RandomExpression(random, options);
    const std::string text = PrintExpression(tree);
    ASSERT_TRUE(Validate(tree).ok()) << text;
    ASSERT_EQ(TypeOf(tree), ValueType::kAllocation) << text;
    ASSERT_LE(Complexity(tree), options.maximum_nodes) << text;
    ASSERT_LE(Depth(tree), options.maximum_depth) << text;
    ExpectTyped(tree);
    const absl::StatusOr<Expression> read = ParseExpression(text);
    ASSERT_TRUE(read.ok()) << text << ": " << std::string(read.status().message());
    ASSERT_EQ(*read, tree) << text;
    nested += text.starts_with("within(within(");
    CollectOperators(tree, used);
  }
  for (const Operator& row : Operators()) {
    // These are bred on purpose, where slopes are measured.
    if (row.kind == OperatorKind::kPrunedSource || row.kind == OperatorKind::kDescent) continue;
    EXPECT_TRUE(used.contains(std::string(row.name))) << row.name << " was never drawn";
  }
  EXPECT_GT(nested, 100);
}

TEST(RandomTrees, EvaluateWithinTheBoundsToTheTarget) {
  MersenneTwister random(20250611);
  const VariationOptions options = Everything();
  const OperatorId groups = IdOf("nm");
  int infeasible = 0;
  for (int k = 0; k < kTrees; ++k) {
    const Expression tree = RandomExpression(random, options);
    const FeatureTable table = HostileTable(tree, RandomLayout(random), random);
    const AllocationTarget target = RandomTarget(random);
    const absl::StatusOr<Allocation> allocation = EvaluateAllocation(tree, table, target);
    if (Holds(tree, groups) &&
        allocation.status().code() == absl::StatusCode::kFailedPrecondition) {
      ++infeasible;
      continue;
    }
    const std::string text = PrintExpression(tree);
    ASSERT_TRUE(allocation.ok()) << text << ": " << std::string(allocation.status().message());
    for (const double sparsity : *allocation) {
      ASSERT_TRUE(sparsity >= target.minimum && sparsity <= target.maximum) << text << sparsity;
    }
    ASSERT_NEAR(MeanSparsity(*allocation, table.parameters()), target.sparsity, 1e-11) << text;
  }
  EXPECT_LT(infeasible, kTrees / 5);
}

TEST(RandomTrees, CanonicalFormsKeepTheAllocation) {
  MersenneTwister random(20250612);
  const VariationOptions options = Everything();
  int shortened = 0;
  for (int k = 0; k < kTrees; ++k) {
    const Expression tree = RandomExpression(random, options);
    const Expression canonical = Canonicalize(tree);
    const std::string text = PrintExpression(tree) + " -> " + PrintExpression(canonical);
    ASSERT_TRUE(Validate(canonical).ok()) << text;
    ASSERT_EQ(Canonicalize(canonical), canonical) << text;
    ASSERT_LE(Complexity(canonical), Complexity(tree)) << text;
    ASSERT_EQ(CanonicalHash(tree), CanonicalHash(canonical)) << text;
    const FeatureTable table = HostileTable(tree, RandomLayout(random), random);
    ASSERT_TRUE(SameAllocation(tree, canonical, table, RandomTarget(random)));
    shortened += Complexity(canonical) < Complexity(tree);
  }
  EXPECT_GT(shortened, kTrees / 20);
}

}  // namespace
}  // namespace strata::expr
