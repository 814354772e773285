// Feature tables for property tests: layouts with one or several units per block, and hostile
// measured values that respect the definitions of their features.
#ifndef STRATA_TESTS_EXPR_RANDOM_TABLES_H_
#define STRATA_TESTS_EXPR_RANDOM_TABLES_H_

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "expr/allocation.h"
#include "expr/blockwise.h"
#include "tests/expr/test_support.h"

namespace strata::expr {

// Returns up to eight blocks. Their units are whole blocks, attention and feed-forward parts, or
// single linears.
inline UnitLayout RandomLayout(RandomGenerator& random) {
  const int blocks = 1 + static_cast<int>(random.Below(8));
  const uint64_t shape = random.Below(4);
  const bool equal = random.Below(2) == 0;
  UnitLayout layout;
  for (int block = 0; block < blocks; ++block) {
    const uint64_t units = shape == 0 ? 1 : shape == 1 ? 2 : shape == 2 ? 7 : 1 + random.Below(4);
    for (uint64_t unit = 0; unit < units; ++unit) {
      const auto side = static_cast<int64_t>(equal ? 576 : 1 + random.Below(100));
      const auto other = static_cast<int64_t>(equal ? 576 : 1 + random.Below(100));
      const UnitKind kind = shape == 0         ? UnitKind::kBlock
                            : unit * 2 < units ? UnitKind::kAttention
                                               : UnitKind::kFeedForward;
      const LinearRole role = shape == 2 ? static_cast<LinearRole>(unit + 1) : LinearRole::kNone;
      layout.push_back({side * other, block, kind, side + other, role});
    }
  }
  return layout;
}

inline bool IsNonnegativeFeature(const std::string& feature) {
  if (const auto of_blocks = FeatureOfBlocks(feature)) return IsNonnegativeFeature(*of_blocks);
  for (const std::string_view start :
       {"var(", "std(", "l1(", "l2(", "geomean(", "rootprod(", "entropy(", "kurtosis(", "below(",
        "matrixrank(", "stablerank(", "spectraltail(", "alpha", "outliers(", "sensitivity",
        "distortion"}) {
    if (feature.starts_with(start)) return true;
  }
  for (const std::string_view location : {"mean(", "quantile("}) {
    for (const std::string_view tensor :
         {"WX", "X", "G", "abs(", "pow2(", "exp(", "sigmoid(", "softplus(", "acos(", "mms("}) {
      if (feature.starts_with(std::string(location).append(tensor))) return true;
    }
  }
  return false;
}

// Returns a table with every feature that `tree` and its canonical form need. Features with the
// same canonical form are the same statistic and have the same values, or opposite values if the
// form is a negation.
inline FeatureTable HostileTable(const Expression& tree, const UnitLayout& layout,
                                 RandomGenerator& random) {
  std::map<std::string, std::vector<double>> statistics;
  FeatureTable table(layout);
  const auto add = [&](const std::string& feature, const std::vector<double>& values) {
    if (table.Find(feature) != nullptr) return;
    EXPECT_TRUE(table.Add(feature, values).ok()) << feature;
  };
  std::vector<std::string> features = RequiredFeatures(tree);
  for (std::string& feature : RequiredFeatures(Canonicalize(tree))) {
    features.push_back(std::move(feature));
  }
  for (const std::string& feature : features) {
    Expression statistic = Canonicalize(Parsed(feature));
    const bool negated = OperatorOf(statistic.op).name == "neg";
    if (negated) statistic = Expression(statistic.children[0]);
    const std::string name = PrintExpression(statistic);
    EXPECT_EQ(RequiredFeatures(statistic), std::vector<std::string>{name}) << feature;
    if (!statistics.contains(name)) {
      std::vector<double> values = HostileFeature(random, layout.size());
      for (double& value : values) {
        if (IsNonnegativeFeature(name)) value = std::fabs(value);
        const std::string inner = FeatureOfBlocks(name).value_or(name);
        if (inner.starts_with("below(") || inner.starts_with("matrixrank(")) {
          value = std::fmin(value, 1.0);
        }
      }
      for (size_t i = 1; FeatureOfBlocks(name) && i < values.size(); ++i) {
        if (layout[i].block == layout[i - 1].block) values[i] = values[i - 1];
      }
      statistics[name] = values;
    }
    std::vector<double> values = statistics[name];
    add(name, values);
    if (!negated) {
      add(feature, values);
      continue;
    }
    for (double& value : values) value = -value;
    add(feature, values);
  }
  return table;
}

inline AllocationTarget RandomTarget(RandomGenerator& random) {
  const double sparsity = random.Uniform(0.05, 0.95);
  return {sparsity, random.Uniform(0, sparsity), random.Uniform(sparsity, 0.99)};
}

// True if both expressions give the same allocation within 1e-12, or if neither gives one.
inline ::testing::AssertionResult SameAllocation(const Expression& a, const Expression& b,
                                                 const FeatureTable& table,
                                                 const AllocationTarget& target) {
  const absl::StatusOr<Allocation> expected = EvaluateAllocation(a, table, target);
  const absl::StatusOr<Allocation> actual = EvaluateAllocation(b, table, target);
  const std::string what = PrintExpression(a) + " -> " + PrintExpression(b) + ": ";
  if (expected.status().code() != actual.status().code()) {
    return ::testing::AssertionFailure() << what << std::string(expected.status().message())
                                         << " and " << std::string(actual.status().message());
  }
  if (!expected.ok()) {
    if (expected.status().code() == absl::StatusCode::kFailedPrecondition) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << what << std::string(expected.status().message());
  }
  for (size_t i = 0; i < expected->size(); ++i) {
    if (std::fabs((*expected)[i] - (*actual)[i]) <= 1e-12) continue;
    return ::testing::AssertionFailure()
           << what << "unit " << i << ": " << (*expected)[i] << " and " << (*actual)[i];
  }
  return ::testing::AssertionSuccess();
}

}  // namespace strata::expr

#endif  // STRATA_TESTS_EXPR_RANDOM_TABLES_H_
