#include "expr/variation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::HasSubstr;

void ExpectWithinLimits(const Expression& child, const VariationOptions& options) {
  const std::string text = PrintExpression(child);
  ASSERT_TRUE(Validate(child).ok()) << text;
  ASSERT_EQ(TypeOf(child), ValueType::kAllocation) << text;
  ASSERT_LE(Complexity(child), options.maximum_nodes) << text;
  ASSERT_LE(Depth(child), options.maximum_depth) << text;
}

std::vector<VariationOptions> ManyOptions() {
  std::vector<VariationOptions> many(1);
  for (const std::vector<std::string>& sources :
       {std::vector<std::string>{"WX"}, {"depth"}, {"W", "outliers"}, {}}) {
    for (const auto& [nodes, depth] :
         {std::pair{1, 1}, {2, 2}, {3, 3}, {4, 8}, {16, 2}, {16, 8}, {60, 20}}) {
      VariationOptions options;
      options.sources = sources;
      options.maximum_nodes = nodes;
      options.maximum_depth = depth;
      many.push_back(options);
    }
  }
  return many;
}

TEST(Variation, ChildrenAreValidAndWithinTheLimits) {
  MersenneTwister random(1);
  for (const VariationOptions& options : ManyOptions()) {
    ASSERT_TRUE(ValidateOptions(options).ok());
    std::vector<Expression> population;
    for (int k = 0; k < 20; ++k) {
      population.push_back(RandomExpression(random, options));
      ExpectWithinLimits(population.back(), options);
    }
    for (int k = 0; k < 1000; ++k) {
      const Expression& first = population[random.Below(population.size())];
      const Expression& second = population[random.Below(population.size())];
      Expression child = random.Below(2) == 0 ? Crossover(random, first, second, options)
                                              : Mutate(random, first, options);
      ExpectWithinLimits(child, options);
      population[random.Below(population.size())] = std::move(child);
    }
  }
}

TEST(Variation, ParentsBeyondTheLimitsGiveChildrenWithinThem) {
  MersenneTwister random(2);
  VariationOptions options;
  options.maximum_nodes = 5;
  options.maximum_depth = 4;
  const Expression large =
      Parsed("span(depth + depth * (depth + sin(cos(tan(atan(var(abs(abs(abs(W))))))))), 0.1)");
  for (int k = 0; k < 2000; ++k) {
    ExpectWithinLimits(Mutate(random, large, options), options);
    ExpectWithinLimits(Crossover(random, large, large, options), options);
  }
}

TEST(Variation, SameSeedSameChildren) {
  MersenneTwister one(7);
  MersenneTwister two(7);
  const VariationOptions options;
  for (int k = 0; k < 100; ++k) {
    const Expression a = RandomExpression(one, options);
    EXPECT_EQ(a, RandomExpression(two, options));
    EXPECT_EQ(Mutate(one, a, options), Mutate(two, a, options));
  }
}

TEST(Variation, MutationsChangeTheTree) {
  MersenneTwister random(3);
  const VariationOptions options;
  for (int k = 0; k < 2000; ++k) {
    const Expression tree = RandomExpression(random, options);
    if (tree.children.empty()) continue;
    EXPECT_NE(Mutate(random, tree, options), tree);
  }
}

// Each mutation alone does what its name says.
TEST(Variation, EachMutationKeepsWhatItShould) {
  VariationOptions none;
  none.perturb_parameter_weight = none.replace_operator_weight = none.replace_subtree_weight = 0;
  none.insert_weight = none.delete_weight = none.combine_weight = 0;
  const Expression tree = Parsed("span(-var(abslog(WX)) + outliers(5), 0.08)");
  MersenneTwister random(4);
  std::set<std::string> operators_seen;
  for (int k = 0; k < 500; ++k) {
    VariationOptions options = none;
    options.perturb_parameter_weight = 1;
    Expression child = Mutate(random, tree, options);
    EXPECT_EQ(Complexity(child), Complexity(tree));
    EXPECT_EQ(child.op, tree.op);

    options = none;
    options.replace_operator_weight = 1;
    child = Mutate(random, tree, options);
    EXPECT_EQ(Complexity(child), Complexity(tree));
    operators_seen.insert(std::string(OperatorOf(child.op).name));
    if (OperatorOf(child.op).name == "rank") {
      EXPECT_EQ(child.parameters[0], 0.08);
    }

    options = none;
    options.insert_weight = 1;
    EXPECT_EQ(Complexity(Mutate(random, tree, options)), Complexity(tree) + 1);
    options = none;
    options.delete_weight = 1;
    EXPECT_EQ(Complexity(Mutate(random, tree, options)), Complexity(tree) - 1);
    options = none;
    options.combine_weight = 1;
    EXPECT_GE(Complexity(Mutate(random, tree, options)), Complexity(tree) + 2);
  }
  EXPECT_EQ(operators_seen, (std::set<std::string>{"span", "rank", "ramp", "waterfill", "dsa"}));
}

TEST(Variation, PerturbedAmplitudesSpreadAroundTheirValue) {
  VariationOptions options;
  options.replace_operator_weight = options.replace_subtree_weight = 0;
  options.insert_weight = options.delete_weight = options.combine_weight = 0;
  const Expression tree = Parsed("span(depth, 0.1)");
  MersenneTwister random(5);
  int below = 0;
  double squares = 0;
  constexpr int kDraws = 4000;
  for (int k = 0; k < kDraws; ++k) {
    const double lambda = Mutate(random, tree, options).parameters[0];
    ASSERT_GE(lambda, 0.005);
    ASSERT_LE(lambda, 0.5);
    below += lambda < 0.1;
    squares += std::pow(std::log(lambda / 0.1), 2);
  }
  EXPECT_NEAR(static_cast<double>(below) / kDraws, 0.5, 0.03);
  EXPECT_NEAR(std::sqrt(squares / kDraws), 0.3, 0.02);
}

TEST(Variation, CrossoverTakesSubtreesOfTheSecondParent) {
  MersenneTwister random(6);
  const VariationOptions options;
  const Expression first = Parsed("span(mean(W), 0.1)");
  const Expression second = Parsed("rank(std(exp(X)), 0.2)");
  std::map<std::string, int> children;
  for (int k = 0; k < 300; ++k) {
    ++children[PrintExpression(Crossover(random, first, second, options))];
  }
  EXPECT_EQ(children.size(), 3);
  EXPECT_TRUE(children.contains("span(std(exp(X)), 0.1)"));
  EXPECT_TRUE(children.contains("span(mean(exp(X)), 0.1)"));
  EXPECT_TRUE(children.contains("span(mean(X), 0.1)"));
}

TEST(Variation, ValidateOptionsNamesTheProblem) {
  VariationOptions options;
  options.sources = {"WY"};
  EXPECT_THAT(std::string(ValidateOptions(options).message()),
              HasSubstr("found 'WY', the nearest is 'WX'"));
  options = {};
  options.maximum_nodes = 0;
  EXPECT_THAT(std::string(ValidateOptions(options).message()), HasSubstr("maximum_nodes"));
  options = {};
  options.insert_weight = std::nan("");
  EXPECT_FALSE(ValidateOptions(options).ok());
  options = {};
  options.crossover_probability = 1.5;
  EXPECT_FALSE(ValidateOptions(options).ok());
}

}  // namespace
}  // namespace strata::expr
