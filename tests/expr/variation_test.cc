#include "expr/variation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "expr/baselines.h"
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

// All mutations have the weight 0.
VariationOptions NoMutations() {
  VariationOptions none;
  none.perturb_parameter_weight = none.replace_operator_weight = none.replace_subtree_weight = 0;
  none.insert_weight = none.delete_weight = none.combine_weight = 0;
  none.swap_source_weight = none.hoist_weight = none.graft_weight = 0;
  none.adjust_weight = 0;
  return none;
}

// Each mutation alone does what its name says.
TEST(Variation, EachMutationKeepsWhatItShould) {
  const VariationOptions none = NoMutations();
  const Expression tree = Parsed("span(-var(abslog(WX)) + outliers(5), 0.08)");
  MersenneTwister random(4);
  std::set<std::string> operators_seen;
  std::set<std::string> hoisted;
  std::set<std::string> swapped;
  std::set<std::string> grafted;
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
    options = none;
    options.hoist_weight = 1;
    hoisted.insert(PrintExpression(Mutate(random, tree, options)));
    options = none;
    options.swap_source_weight = 1;
    child = Mutate(random, tree, options);
    EXPECT_EQ(Complexity(child), Complexity(tree));
    EXPECT_EQ(Depth(child), Depth(tree));
    EXPECT_EQ(child.parameters, tree.parameters);
    swapped.insert(PrintExpression(child));
    options = none;
    options.graft_weight = 1;
    options.library = {Parsed("rank(mean(X), 0.3)")};
    grafted.insert(PrintExpression(Mutate(random, tree, options)));
  }
  EXPECT_EQ(operators_seen, (std::set<std::string>{"span", "rank", "ramp", "waterfill", "dsa",
                                                   "logistic", "proportion"}));
  EXPECT_EQ(hoisted,
            (std::set<std::string>{"span(-var(abslog(WX)), 0.08)", "span(var(abslog(WX)), 0.08)",
                                   "span(outliers(5), 0.08)", "span(-var(WX) + outliers(5), 0.08)",
                                   "span(var(abslog(WX)) + outliers(5), 0.08)"}));
  EXPECT_TRUE(swapped.contains("span(-var(abslog(X)) + outliers(5), 0.08)"));
  EXPECT_TRUE(swapped.contains("span(-var(abslog(WX)) + last, 0.08)"));
  EXPECT_TRUE(swapped.contains("span(-var(abslog(WX)) + outliers(7), 0.08)"));
  EXPECT_EQ(grafted, (std::set<std::string>{
                         "span(mean(X), 0.08)", "span(mean(X) + outliers(5), 0.08)",
                         "span(-mean(X) + outliers(5), 0.08)", "span(-var(X) + outliers(5), 0.08)",
                         "span(-var(abslog(X)) + outliers(5), 0.08)",
                         "span(-var(abslog(WX)) + mean(X), 0.08)"}));
}

// An adjustment comes and goes, and the allocation it adjusts is replaced.
TEST(Variation, AllocationsAreAdjustedUnadjustedAndExchanged) {
  MersenneTwister random(8);
  VariationOptions options;
  std::erase(options.excluded, "within");
  const Expression plain = Parsed("span(depth, 0.1)");
  const Expression adjusted = Parsed("within(rank(depth, 0.2), mean(W), 0.1, 0.2)");
  int wrapped = 0;
  int unwrapped = 0;
  int exchanged = 0;
  for (int k = 0; k < 3000; ++k) {
    wrapped += Mutate(random, plain, options).op == adjusted.op;
    unwrapped += Mutate(random, adjusted, options) == adjusted.children[0];
    exchanged += PrintExpression(Crossover(random, adjusted, plain, options)) ==
                 "within(span(depth, 0.1), mean(W), 0.1, 0.2)";
    EXPECT_NE(Crossover(random, plain, adjusted, options).op, adjusted.op);
  }
  EXPECT_GT(wrapped, 50);
  EXPECT_GT(unwrapped, 50);
  EXPECT_GT(exchanged, 50);
}

// Only for that: every child is the parent with one adjustment on top, of one source as often as
// not.
TEST(Variation, AdjustmentsHaveAWeightOfTheirOwn) {
  MersenneTwister random(9);
  VariationOptions options = NoMutations();
  options.adjust_weight = 1;
  options.sources = {"query", "down"};
  std::erase(options.excluded, "shift");
  const Expression plain = Parsed("span(depth, 0.1)");
  std::map<std::string, int> marks;
  for (int k = 0; k < 1000; ++k) {
    const Expression child = Mutate(random, plain, options);
    ASSERT_EQ(OperatorOf(child.op).name, "shift") << PrintExpression(child);
    ASSERT_EQ(child.children[0], plain);
    EXPECT_LE(std::fabs(child.parameters[0]), 0.5);
    ++marks[PrintExpression(child.children[1])];
  }
  EXPECT_GT(marks["query"], 150);
  EXPECT_GT(marks["down"], 150);
  // Without an adjustment to introduce there is nothing to do.
  options.excluded.push_back("shift");
  EXPECT_NE(Mutate(random, plain, options).children.size(), 2u);
}

std::vector<Expression> Seeds() {
  std::vector<Expression> seeds;
  for (const Baseline& baseline : Baselines(SquareBlocks(std::vector<int64_t>(30, 1000)), 0.7)) {
    for (const BaselineSetting& setting : baseline.published) seeds.push_back(setting.expression);
  }
  return seeds;
}

void CollectOperators(const Expression& tree, std::map<std::string, int>& used) {
  ++used[std::string(OperatorOf(tree.op).name)];
  for (const Expression& child : tree.children) CollectOperators(child, used);
}

// 10,000 variations of a population that starts with the published functions.
std::map<std::string, int> OperatorsReached(const VariationOptions& options,
                                            std::vector<Expression> population, uint64_t seed) {
  MersenneTwister random(seed);
  std::map<std::string, int> used;
  for (int k = 0; k < 10000; ++k) {
    const Expression& first = population[random.Below(population.size())];
    const Expression& second = population[random.Below(population.size())];
    const bool cross = random.Uniform(0, 1) < options.crossover_probability;
    Expression child =
        cross ? Crossover(random, first, second, options) : Mutate(random, first, options);
    ExpectWithinLimits(child, options);
    EXPECT_EQ(Parsed(PrintExpression(child)), child);
    CollectOperators(child, used);
    population[random.Below(population.size())] = std::move(child);
  }
  return used;
}

TEST(Variation, EveryOperatorIsReachedFromTheSeeds) {
  VariationOptions options;
  options.sources.clear();
  options.excluded.clear();
  for (const Operator& row : Operators()) {
    if (row.kind != OperatorKind::kTensorSource && row.kind != OperatorKind::kStructuralSource) {
      continue;
    }
    options.sources.push_back(std::string(row.name));
  }
  const std::map<std::string, int> used = OperatorsReached(options, Seeds(), 9);
  for (const Operator& row : Operators()) {
    // These are bred on purpose, where slopes are measured.
    if (row.kind == OperatorKind::kPrunedSource || row.kind == OperatorKind::kDescent) continue;
    EXPECT_TRUE(used.contains(std::string(row.name))) << row.name << " was never reached";
  }
}

TEST(Variation, ExcludedOperatorsComeFromTheSeedsAlone) {
  const VariationOptions options;
  const std::map<std::string, int> used =
      OperatorsReached(options, {Parsed("uniform()"), Parsed("span(mean(WX), 0.1)")}, 10);
  for (const std::string& name : options.excluded) EXPECT_FALSE(used.contains(name)) << name;
  for (const Operator& row : Operators()) {
    const std::string name(row.name);
    if (name == "uniform") continue;  // rare
    if (row.kind == OperatorKind::kPrunedSource || row.kind == OperatorKind::kDescent) {
      EXPECT_FALSE(used.contains(name)) << name;
      continue;
    }
    const bool source =
        row.kind == OperatorKind::kTensorSource || row.kind == OperatorKind::kStructuralSource;
    const std::vector<std::string>& listed = source ? options.sources : options.excluded;
    const bool is_listed = std::find(listed.begin(), listed.end(), name) != listed.end();
    EXPECT_EQ(used.contains(name), source ? is_listed : !is_listed) << name;
  }
  const std::vector<Expression> seeds(30, Parsed("density(fan + mean(W))"));
  EXPECT_TRUE(OperatorsReached(options, seeds, 11).contains("density"));
}

TEST(Variation, GraftsLeaveExcludedOperatorsBehind) {
  VariationOptions options;
  options.library = {Parsed("within(density(fan), kindminmax(stablerank(pow2(W))), 0.1, 0.2)")};
  const std::map<std::string, int> used =
      OperatorsReached(options, {Parsed("span(mean(WX), 0.1)")}, 12);
  for (const std::string& name : options.excluded) EXPECT_FALSE(used.contains(name)) << name;
  EXPECT_TRUE(used.contains("fan"));
}

// Whatever is left out, trees are valid.
TEST(Variation, AnyOperatorsMayBeExcluded) {
  MersenneTwister random(13);
  for (int round = 0; round < 300; ++round) {
    VariationOptions options;
    options.excluded.clear();
    for (const Operator& row : Operators()) {
      if (row.name == "constant" || row.name == "uniform" || random.Below(4) == 0) continue;
      options.excluded.push_back(std::string(row.name));
    }
    ASSERT_TRUE(ValidateOptions(options).ok());
    for (int k = 0; k < 30; ++k) {
      const Expression tree = RandomExpression(random, options);
      ExpectWithinLimits(tree, options);
      const Expression child = Mutate(random, tree, options);
      ExpectWithinLimits(child, options);
      std::map<std::string, int> used;
      CollectOperators(child, used);
      for (const std::string& name : options.excluded) EXPECT_FALSE(used.contains(name)) << name;
    }
  }
}

TEST(Variation, SharesAreDrawnEvenly) {
  VariationOptions options;
  options.excluded.clear();
  MersenneTwister random(14);
  std::vector<double> probabilities;
  while (probabilities.size() < 1000) {
    std::vector<Expression> nodes = {RandomExpression(random, options)};
    while (!nodes.empty()) {
      const Expression node = std::move(nodes.back());
      nodes.pop_back();
      if (OperatorOf(node.op).name == "quantile") probabilities.push_back(node.parameters[0]);
      for (const Expression& child : node.children) nodes.push_back(child);
    }
  }
  double sum = 0;
  for (const double p : probabilities) sum += p;
  EXPECT_NEAR(sum / static_cast<double>(probabilities.size()), 0.5, 0.03);
  std::sort(probabilities.begin(), probabilities.end());
  EXPECT_NEAR(probabilities[probabilities.size() / 10], 0.1, 0.04);
}

TEST(Variation, PerturbedAmplitudesSpreadAroundTheirValue) {
  VariationOptions options = NoMutations();
  options.perturb_parameter_weight = 3;
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
  options.excluded = {"stabelrank"};
  EXPECT_THAT(std::string(ValidateOptions(options).message()),
              HasSubstr("excluded: expected the name of an operator, found 'stabelrank', the "
                        "nearest is 'stablerank'"));
  options.excluded = {"uniform"};
  EXPECT_THAT(std::string(ValidateOptions(options).message()),
              HasSubstr("that trees can do without, found 'uniform'"));
  options = {};
  options.library = {Parsed("uniform()"), Parsed("depth")};
  EXPECT_THAT(std::string(ValidateOptions(options).message()),
              HasSubstr("library function 1: expected a function of type Allocation, found depth"));
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
