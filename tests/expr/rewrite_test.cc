#include "expr/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "expr/expression.h"
#include "expr/grammar.h"
#include "tests/expr/random_tables.h"

namespace strata::expr {
namespace {

// A node with its context, and where it stands in the tree.
void VisitNodes(Expression& node, const Context& context,
                const std::function<void(Expression&, const Context&)>& visit) {
  visit(node, context);
  for (size_t i = 0; i < node.children.size(); ++i) {
    VisitNodes(node.children[i], ContextOf(node, i, context), visit);
  }
}

bool LooksAt(const RewriteRule& rule, const Expression& node) {
  const auto padded = [](std::string_view text) {
    return std::string(1, ' ').append(text).append(1, ' ');
  };
  return padded(rule.roots).find(padded(OperatorOf(node.op).name)) != std::string::npos;
}

// Trees made of little else than what the rules look for.
class DenseTrees {
 public:
  explicit DenseTrees(RandomGenerator& random) : random_(random) {}

  Expression Allocation() {
    static const std::vector<std::string> heads = {
        "span",   "rank", "ramp",       "waterfill", "dsa",  "logistic",  "density",
        "direct", "nm",   "proportion", "within",    "span", "waterfill", "shift"};
    const std::string head = Pick(heads);
    if (head != "within" && head != "shift") return Node(head, {Units(1 + random_.Below(9))});
    return Node(head, {Allocation(), Units(1 + random_.Below(7))});
  }

 private:
  const std::string& Pick(const std::vector<std::string>& names) {
    return names[random_.Below(names.size())];
  }

  Expression Node(const std::string& name, std::vector<Expression> children) {
    Expression node{IdOf(name), {}, std::move(children)};
    for (const OperatorParameter& parameter : OperatorOf(node.op).parameters) {
      node.parameters.push_back(random_.Below(2) == 0 ? parameter.maximum
                                                      : parameter.default_value);
    }
    return node;
  }

  Expression Units(uint64_t nodes) {
    static const std::vector<std::string> unary = {
        "neg",  "neg",    "abs",     "pow2",     "reverse",  "minmax",     "zscore", "ranks",
        "exp",  "abslog", "sqrt",    "log",      "sin",      "cos",        "tanh",   "atan",
        "asin", "acos",   "neg",     "softmax",  "smooth",   "kindminmax", "cumsum", "suffixmean",
        "tan",  "logpos", "sigmoid", "softplus", "blockwise"};
    static const std::vector<std::string> binary = {"+", "-", "*", "/", "min", "max", "mix"};
    static const std::vector<std::string> leaves = {"depth",
                                                    "influence",
                                                    "size",
                                                    "last",
                                                    "attention",
                                                    "query",
                                                    "down",
                                                    "fan",
                                                    "0",
                                                    "1",
                                                    "-1",
                                                    "2",
                                                    "-0",
                                                    "0.5",
                                                    "-3",
                                                    "25",
                                                    "mean(-W)",
                                                    "l1(WX)",
                                                    "alpha",
                                                    "spectraltail(W)",
                                                    "spectraltail(-W)",
                                                    "gini(-W)",
                                                    "4",
                                                    "redundancy",
                                                    "var(abs(WX))",
                                                    "var(WX)",
                                                    "mean(abs(-W))",
                                                    "influence"};
    if (nodes < 2) return Parsed(Pick(leaves));
    if (nodes == 2 || random_.Below(2) == 0) return Node(Pick(unary), {Units(nodes - 1)});
    const uint64_t left = 1 + random_.Below(nodes - 2);
    Expression first = Units(left);
    Expression second = random_.Below(6) == 0 ? first : Units(nodes - 1 - left);
    return Node(Pick(binary), {std::move(first), std::move(second)});
  }

  RandomGenerator& random_;
};

TEST(Rewrite, NeverChangesTheAllocation) {
  MersenneTwister random(17);
  DenseTrees trees(random);
  int shortened = 0;
  constexpr int kRounds = 60000;
  for (int round = 0; round < kRounds; ++round) {
    const Expression tree = trees.Allocation();
    const Expression canonical = Canonicalize(tree);
    ASSERT_TRUE(Validate(canonical).ok()) << PrintExpression(canonical);
    ASSERT_LE(Complexity(canonical), Complexity(tree)) << PrintExpression(tree);
    shortened += Complexity(canonical) < Complexity(tree);
    ASSERT_EQ(Canonicalize(canonical), canonical) << PrintExpression(tree);
    const FeatureTable table = HostileTable(tree, RandomLayout(random), random);
    ASSERT_TRUE(SameAllocation(tree, canonical, table, RandomTarget(random)));
  }
  EXPECT_GT(shortened, kRounds / 2);
}

// Patterns that dense trees seldom show.
constexpr std::string_view kRarePatterns[] = {
    "density(3 * size)",
    "density(0.7 / -fan)",
    "density(ranks(influence) / -3)",
    "density(max(-abs(influence), redundancy))",
    "direct(0.5 - 0.3 * tanh(influence))",
    "rank(-last, 0.3)",
    "rank(cos(atan(3 - depth)), 0.3)",
    "waterfill(softplus(25 + depth) + log(-1 - influence), 0.2, 0.4)",
    "within(within(span(influence, 0.2), redundancy, 0.3, 0.2), depth, 0.1, 0.5)",
    "within(span(influence, 0.2), softmax(7), 0.5, 0.2)",
    "span(mix(3, zscore(influence), 0.3) / -7, 0.4)",
    "logistic(1 - 3 * ranks(influence), 0.5, 10)",
    "proportion(exp(attention) - pow2(3 + attention), 0.9)",
    "span(abslog(1 + abs(influence)) + logpos(-size), 0.2)",
    "span(max(influence, min(redundancy, influence)), 0.2)",
    "span(min(influence, -influence) + max(-3, -redundancy), 0.2)",
    "span(mix(redundancy, influence, 0.75) * mix(influence, 0, 0.2), 0.2)",
    "span(mix(-redundancy, -influence, 0.3) + size / size, 0.2)",
    "waterfill(kindminmax(-4 * tanh(influence)) + cumsum(0), 0.2, 0.2)",
    "span(-(influence + 3) * ranks(ranks(redundancy)), 0.5)",
    "ramp(tan(zscore(minmax(influence))) / kindminmax(kindminmax(redundancy)), 0.1)",
    "span(-ranks(influence), 0.3)",
    "dsa(1 / (last - 0.3) + abs(last), 0.3)",
    "dsa(-2 + attention, 0.3)",
    "span(-sin(3 * influence) * reverse(reverse(redundancy)), 0.2)",
    "span(cos(-3 * influence) + pow2(influence / -7) * abslog(-2 / influence), 0.2)",
    "dsa(-atan(influence / -3), 0.5)",
    "nm(softmax(2), 0.5, 8)",
    "shift(span(influence, 0.2), -value, 0.1)",
    "shift(shift(rank(depth, 0.2), blockwise(3), 0.1), blockwise(depth) * blockwise(-redundancy), "
    "0.2)",
    "span(blockwise(blockwise(cumsum(influence))), 0.3)",
    "shift(span(influence, 0.2), query, 0)",
    // Kept: the sum drowns the shape, and the product overflows.
    "span(1000 + 0.00001 * minmax(influence), 0.5)",
    "rank(64 * (1000 * (1000 * (10 * influence))), 0.5)",
    "span(skewness(-W) + kurtosis(-W) + l1(-W), 0.2)",
    "span(abs(influence) / abs(redundancy) - -3 * influence, 0.3)",
    "span(smooth(-influence) * smooth(0.5) + minmax(reverse(influence)), 0.3)",
    "logistic(max(pow2(min(last, last)), influence), 0.1, 2)",
    "dsa(influence + sqrt(attention) - pow2(1 - last) + abslog(-3 * query), 0.3)",
    "span(max(abs(influence), influence) * min(-abs(redundancy), redundancy), 0.3)",
    "span(max(min(influence, redundancy), min(size, influence)) + depth, 0.3)",
};

// Each rule by itself, wherever it applies, so that no rule hides behind another.
TEST(Rewrite, EveryRuleAloneKeepsTheAllocation) {
  MersenneTwister random(18);
  DenseTrees trees(random);
  std::map<std::string_view, int> applied;
  for (const RewriteRule* rule : RewriteRules()) applied[rule->name] = 0;
  for (int round = 0; round < 20000; ++round) {
    const Expression tree = round % 5 > 0
                                ? trees.Allocation()
                                : Parsed(kRarePatterns[round / 5 % std::size(kRarePatterns)]);
    const FeatureTable table = HostileTable(tree, RandomLayout(random), random);
    const AllocationTarget target = RandomTarget(random);
    Expression changed = tree;
    VisitNodes(changed, {}, [&](Expression& node, const Context& context) {
      const Expression before = node;
      for (const RewriteRule* rule : RewriteRules()) {
        if (!LooksAt(*rule, node) || !Holds(rule->scope, context)) continue;
        if (!rule->apply(node, context)) {
          ASSERT_EQ(node, before) << rule->name;
          continue;
        }
        ++applied[rule->name];
        ASSERT_NE(PrintExpression(node), PrintExpression(before)) << rule->name;
        FeatureTable both = table;
        for (const std::string& feature : RequiredFeatures(changed)) {
          const std::string known = PrintExpression(Canonicalize(Parsed(feature)));
          if (both.Find(feature) == nullptr && both.Find(known) != nullptr) {
            ASSERT_TRUE(both.Add(feature, *both.Find(known)).ok());
          }
        }
        ASSERT_TRUE(SameAllocation(tree, changed, both, target)) << rule->name;
        node = before;
      }
    });
    if (HasFatalFailure()) return;
  }
  // Rules of tensors have nothing to compare on tables of reductions.
  const std::set<std::string_view> of_tensors = {"normalize-of-negation", "magnitude-reduction"};
  for (const auto& [rule, count] : applied) {
    EXPECT_TRUE(count >= 30 || of_tensors.contains(rule)) << rule << ": " << count;
  }
}

TEST(Rewrite, RulesAreNamedOnceAndLookAtKnownOperators) {
  std::set<std::string_view> names;
  for (const RewriteRule* rule : RewriteRules()) {
    EXPECT_TRUE(names.insert(rule->name).second) << rule->name;
    EXPECT_FALSE(rule->pattern.empty() || rule->why.empty()) << rule->name;
  }
  EXPECT_GT(names.size(), 60u);
}

}  // namespace
}  // namespace strata::expr
