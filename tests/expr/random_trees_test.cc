// Properties of 100,000 random trees.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "expr/allocation.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

constexpr int kTrees = 100000;

VariationOptions AllSources() {
  VariationOptions options;
  options.sources = {"WX", "W", "X", "depth", "size", "outliers", "redundancy", "influence"};
  return options;
}

// Equal canonical forms of features are the same tensor statistic and so have the same values.
FeatureTable TableFor(const Expression& expression, RandomGenerator& random) {
  FeatureTable table(RandomSizes(random));
  const size_t units = table.parameters().size();
  for (const std::string& feature : RequiredFeatures(expression)) {
    const std::string canonical = PrintExpression(Canonicalize(Parsed(feature)));
    if (table.Find(canonical) == nullptr) {
      EXPECT_TRUE(table.Add(canonical, HostileFeature(random, units)).ok());
    }
    EXPECT_TRUE(table.Add(feature, *table.Find(canonical)).ok());
  }
  return table;
}

AllocationTarget RandomTarget(RandomGenerator& random) {
  const double sparsity = random.Uniform(0.05, 0.95);
  return {sparsity, random.Uniform(0, sparsity), random.Uniform(sparsity, 0.99)};
}

TEST(RandomTrees, PrintParseValidateEvaluateAndCanonicalize) {
  MersenneTwister random(20250610);
  const VariationOptions options = AllSources();
  std::set<std::string> used;
  std::set<uint64_t> forms;
  int shortened = 0;
  for (int k = 0; k < kTrees; ++k) {
    const Expression tree = RandomExpression(random, options);
    const std::string text = PrintExpression(tree);
    ASSERT_TRUE(Validate(tree).ok()) << text;
    ASSERT_EQ(TypeOf(tree), ValueType::kAllocation) << text;
    ASSERT_LE(Complexity(tree), options.maximum_nodes) << text;
    ASSERT_LE(Depth(tree), options.maximum_depth) << text;
    const absl::StatusOr<Expression> read = ParseExpression(text);
    ASSERT_TRUE(read.ok()) << text << ": " << std::string(read.status().message());
    ASSERT_EQ(*read, tree) << text;

    const FeatureTable table = TableFor(tree, random);
    const AllocationTarget target = RandomTarget(random);
    const absl::StatusOr<Allocation> allocation = EvaluateAllocation(tree, table, target);
    ASSERT_TRUE(allocation.ok()) << text << ": " << std::string(allocation.status().message());
    for (const double sparsity : *allocation) {
      ASSERT_TRUE(sparsity >= target.minimum && sparsity <= target.maximum) << text << sparsity;
    }
    ASSERT_NEAR(MeanSparsity(*allocation, table.parameters()), target.sparsity, 1e-11) << text;

    const Expression canonical = Canonicalize(tree);
    const std::string canonical_text = PrintExpression(canonical);
    ASSERT_TRUE(Validate(canonical).ok()) << text << " -> " << canonical_text;
    ASSERT_EQ(Canonicalize(canonical), canonical) << text << " -> " << canonical_text;
    FeatureTable canonical_table = table;
    const absl::StatusOr<Allocation> same = EvaluateAllocation(canonical, canonical_table, target);
    ASSERT_TRUE(same.ok()) << text << " -> " << canonical_text << ": "
                           << std::string(same.status().message());
    for (size_t i = 0; i < same->size(); ++i) {
      ASSERT_NEAR((*same)[i], (*allocation)[i], 1e-12) << text << " -> " << canonical_text;
    }
    ASSERT_EQ(CanonicalHash(tree), CanonicalHash(canonical));
    forms.insert(CanonicalHash(tree));
    shortened += Complexity(canonical) < Complexity(tree);

    std::vector<const Expression*> nodes = {&tree};
    while (!nodes.empty()) {
      const Expression* node = nodes.back();
      nodes.pop_back();
      used.insert(std::string(OperatorOf(node->op).name));
      for (const Expression& child : node->children) nodes.push_back(&child);
    }
  }
  for (const Operator& row : Operators()) {
    EXPECT_TRUE(used.contains(std::string(row.name))) << row.name << " was never drawn";
  }
  std::printf("%d trees: %zu canonical forms, %d became shorter\n", kTrees, forms.size(),
              shortened);
  EXPECT_GT(shortened, kTrees / 100);
}

}  // namespace
}  // namespace strata::expr
