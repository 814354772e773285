#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "expr/allocation.h"
#include "expr/expression.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

std::string Canonical(std::string_view text) { return PrintExpression(Canonicalize(Parsed(text))); }

TEST(Canonicalize, RemovesWhatChangesNothing) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"--depth", "depth"},
      {"abs(abs(influence))", "abs(influence)"},
      {"abs(-influence)", "abs(influence)"},
      {"pow2(abs(influence))", "pow2(influence)"},
      {"abs(exp(influence))", "exp(influence)"},
      {"influence * 1 + 0", "influence"},
      {"1 * influence - 0", "influence"},
      {"0 - influence", "-influence"},
      {"influence / 1", "influence"},
      {"influence - influence", "0"},
      {"influence * 0", "0"},
      {"max(influence, influence)", "influence"},
      {"influence + depth", "depth + influence"},
      {"influence + -depth", "influence - depth"},
      {"-depth + influence", "influence - depth"},
      {"influence - -depth", "depth + influence"},
      {"-(influence - depth)", "depth - influence"},
      {"influence - 2", "-2 + influence"},
      {"reverse(reverse(influence))", "influence"},
      {"minmax(minmax(influence))", "minmax(influence)"},
      {"zscore(minmax(influence))", "zscore(influence)"},
      {"ranks(ranks(influence))", "ranks(influence)"},
      {"2 + 3 * 4", "14"},
      {"sqrt(4) / 0", "2 / 0"},  // 1e30 is not a constant one can write
      {"asin(2)", "0"},
      {"-(3)", "-3"},
      {"reverse(3)", "3"},
      {"var(abs(WX))", "var(WX)"},
      {"var(abs(-W))", "var(abs(W))"},
      {"mean(--W)", "mean(W)"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(Canonical(text), canonical) << text;
}

TEST(Canonicalize, StripsWhatThePostprocessUndoes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"span(minmax(influence), 0.1)", "span(influence, 0.1)"},
      {"span(-zscore(influence), 0.1)", "span(-influence, 0.1)"},
      {"span(3 * minmax(influence) , 0.1)", "span(influence, 0.1)"},
      {"span(2 - 3 * minmax(influence), 0.1)", "span(2 - 3 * minmax(influence), 0.1)"},
      {"span(2 - minmax(influence), 0.1)", "span(-influence, 0.1)"},
      {"span(depth / -4, 0.1)", "span(-depth, 0.1)"},
      {"span(ranks(influence), 0.1)", "rank(influence, 0.1)"},
      {"rank(ranks(influence), 0.1)", "rank(influence, 0.1)"},
      {"ramp(-ranks(influence), 0.1)", "ramp(-influence, 0.1)"},
      {"waterfill(ranks(influence), 0.1, 0.2)", "waterfill(influence, 0.1, 0.2)"},
      {"span(2 * 3, 0.1)", "uniform()"},
      {"dsa(4, 0.1)", "uniform()"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(Canonical(text), canonical) << text;
}

TEST(Canonicalize, KeepsWhatRoundingOrBadValuesWouldChange) {
  for (const std::string_view text :
       {"span(1 + influence, 0.1)", "span(2 * influence, 0.1)", "rank(minmax(influence), 0.1)",
        "exp(log(influence))", "influence / influence", "dsa(influence - influence, 0.1)",
        "dsa(0 * influence, 0.1)", "dsa(0 + influence, 0.1)", "dsa(minmax(influence), 0.1)",
        "abs(influence)", "span(minmax(influence) * 0.001, 0.1)",
        "dsa(-(depth - influence), 0.1)"}) {
    const std::string printed = Canonical(text);
    EXPECT_EQ(Complexity(Parsed(printed)), Complexity(Parsed(text))) << printed;
  }
}

TEST(Canonicalize, HashIsOfTheCanonicalForm) {
  EXPECT_EQ(CanonicalHash(Parsed("span(depth + influence, 0.1)")),
            CanonicalHash(Parsed("span(influence + --depth, 0.1)")));
  EXPECT_NE(CanonicalHash(Parsed("span(depth - influence, 0.1)")),
            CanonicalHash(Parsed("span(influence - depth, 0.1)")));
  EXPECT_EQ(CanonicalHash(Parsed("uniform()")), 2172670569959451448u);
}

// Trees made of little else than what the rules look for.
Expression Dense(RandomGenerator& random, int nodes) {
  static const std::vector<std::string> unary = {
      "neg", "abs", "pow2", "reverse", "minmax", "zscore", "ranks", "exp", "abslog", "sqrt", "log"};
  static const std::vector<std::string> binary = {"+", "-", "*", "/", "min", "max"};
  static const std::vector<std::string> leaves = {
      "depth", "influence", "size", "var(abs(WX))", "var(WX)", "0", "1", "-1", "2", "-0", "0.5"};
  const auto pick = [&random](const std::vector<std::string>& names) {
    return names[random.Below(names.size())];
  };
  if (nodes < 2) return Parsed(pick(leaves));
  if (nodes == 2 || random.Below(2) == 0) {
    return Expression{IdOf(pick(unary)), {}, {Dense(random, nodes - 1)}};
  }
  const int left = 1 + static_cast<int>(random.Below(static_cast<uint64_t>(nodes - 2)));
  return Expression{IdOf(pick(binary)), {}, {Dense(random, left), Dense(random, nodes - 1 - left)}};
}

TEST(Canonicalize, NeverChangesTheAllocation) {
  MersenneTwister random(17);
  int shortened = 0;
  for (int round = 0; round < 60000; ++round) {
    const Expression operand = Dense(random, 1 + static_cast<int>(random.Below(9)));
    static const std::vector<std::string> heads = {"span", "rank", "ramp", "waterfill", "dsa"};
    Expression tree{IdOf(heads[random.Below(heads.size())]), {}, {operand}};
    for (const OperatorParameter& parameter : OperatorOf(tree.op).parameters) {
      tree.parameters.push_back(parameter.maximum);
    }
    FeatureTable table(RandomSizes(random));
    const size_t units = table.parameters().size();
    const std::vector<double> variance = HostileFeature(random, units);
    ASSERT_TRUE(table.Add("var(WX)", variance).ok());
    ASSERT_TRUE(table.Add("var(abs(WX))", variance).ok());
    ASSERT_TRUE(table.Add("influence", HostileFeature(random, units)).ok());
    const Expression canonical = Canonicalize(tree);
    shortened += Complexity(canonical) < Complexity(tree);
    ASSERT_EQ(Canonicalize(canonical), canonical) << PrintExpression(tree);
    const AllocationTarget target{random.Uniform(0.3, 0.8), 0.01, 0.97};
    const Allocation expected = *EvaluateAllocation(tree, table, target);
    const Allocation actual = *EvaluateAllocation(canonical, table, target);
    for (size_t i = 0; i < units; ++i) {
      ASSERT_NEAR(actual[i], expected[i], 1e-12)
          << PrintExpression(tree) << " -> " << PrintExpression(canonical);
    }
  }
  EXPECT_GT(shortened, 30000);
}

}  // namespace
}  // namespace strata::expr
