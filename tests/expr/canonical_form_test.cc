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
#include "expr/rewrite.h"
#include "tests/expr/random_tables.h"

namespace strata::expr {
namespace {

std::string Canonical(std::string_view text) { return PrintExpression(Canonicalize(Parsed(text))); }

struct Case {
  std::string_view text;
  std::string_view canonical;
};

TEST(Canonicalize, FoldsConstants) {
  for (const auto& [text, canonical] : std::vector<Case>{
           {"2 + 3 * 4", "14"},
           {"sqrt(4) / 0", "2 / 0"},  // 1e30 is not a constant one can write
           {"asin(2)", "0"},
           {"-(3)", "-3"},
           {"-0", "0"},
           {"reverse(3)", "3"},
           {"mix(2, 4, 0.25)", "3.5"},
           {"minmax(3)", "0"},
           {"zscore(softmax(3))", "0"},
           {"smooth(0.5)", "0.5"},
           {"smooth(0.1)", "smooth(0.1)"},  // a third of 0.3 is not 0.1
           {"cumsum(0)", "0"},
           {"min(0, abs(influence))", "0"},
           {"min(3, max(2, 5)) * depth", "3 * depth"},
           {"span(2 * 3, 0.1)", "uniform()"},
           {"density(ranks(7))", "uniform()"},
           {"direct(3)", "uniform()"},
           {"dsa(4, 0.1)", "uniform()"},
           {"dsa(log(-1), 0.1)", "uniform()"},
           {"nm(3 + 4, 0.1, 8)", "nm(0, 0.1, 8)"},
           {"dsa(depth * exp(1), 0.1)", "dsa(2.7182817 * depth, 0.1)"},
       }) {
    EXPECT_EQ(Canonical(text), canonical) << text;
  }
}

TEST(Canonicalize, RemovesWhatChangesNothing) {
  for (const auto& [text, canonical] : std::vector<Case>{
           {"--depth", "depth"},
           {"abs(abs(influence))", "abs(influence)"},
           {"abs(-influence)", "abs(influence)"},
           {"abs(std(W))", "std(W)"},
           {"abs(-std(W))", "std(W)"},
           {"abs(depth - 1)", "1 - depth"},
           {"abs(influence - 1)", "abs(1 - influence)"},
           {"abs(-1 - depth)", "1 + depth"},
           {"pow2(abs(influence))", "pow2(influence)"},
           {"pow2(-3 * influence)", "pow2(3 * influence)"},
           {"abs(exp(influence))", "exp(influence)"},
           {"sin(-influence)", "-sin(influence)"},
           {"-tanh(2 * influence)", "tanh(-2 * influence)"},
           {"influence * 1 + 0", "influence"},
           {"1 * influence - 0", "influence"},
           {"0 - influence", "-influence"},
           {"influence / 1", "influence"},
           {"influence * -1", "-influence"},
           {"influence - influence", "0"},
           {"influence * 0", "0"},
           {"0 / influence", "0"},
           {"size / size", "1"},
           {"influence + influence", "2 * influence"},
           {"influence * influence", "pow2(influence)"},
           {"abs(influence) * abs(redundancy)", "abs(influence * redundancy)"},
           {"max(influence, influence)", "influence"},
           {"max(influence, -influence)", "abs(influence)"},
           {"max(influence, min(redundancy, influence))", "influence"},
           {"max(max(redundancy, 1), max(influence, 2))", "max(max(2, influence), redundancy)"},
           {"max(2, tanh(influence))", "2"},
           {"min(-influence, -redundancy)", "-max(influence, redundancy)"},
           {"influence + depth", "depth + influence"},
           {"influence + -depth", "influence - depth"},
           {"-depth + influence", "influence - depth"},
           {"influence - -depth", "depth + influence"},
           {"-(influence - depth)", "depth - influence"},
           {"-influence - depth", "-(depth + influence)"},
           {"-influence - 2", "-2 - influence"},
           {"-(2 + influence)", "-2 - influence"},
           {"-2 + influence", "influence - 2"},
           {"depth + -2 * influence", "depth - 2 * influence"},
           {"-influence * depth", "-(depth * influence)"},
           {"-influence / 3", "influence / -3"},
           {"influence / 4", "0.25 * influence"},
           {"influence / -size", "-(influence / size)"},
           {"influence / -depth", "influence / -depth"},  // zero has no sign
           {"reverse(reverse(influence))", "influence"},
           {"exp(reverse(influence)) * reverse(depth)", "reverse(depth * exp(influence))"},
           {"minmax(minmax(influence))", "minmax(influence)"},
           {"minmax(depth)", "depth"},
           {"minmax(-2 * tanh(influence))", "minmax(-tanh(influence))"},
           {"zscore(minmax(influence))", "zscore(influence)"},
           {"ranks(ranks(influence))", "ranks(influence)"},
           {"cumsum(-influence)", "-cumsum(influence)"},
           {"mix(influence, depth, 0.5)", "mix(depth, influence, 0.5)"},
           {"mix(influence, depth, 0.3)", "mix(influence, depth, 0.3)"},
           {"mix(influence, 0, 0.3)", "0.3 * influence"},
           {"log(-1 - depth)", "0"},
           {"abslog(1 + depth)", "log(1 + depth)"},
           {"softplus(21 + depth)", "21 + depth"},
           {"logpos(-depth)", "9.999994999180668e-07"},
       }) {
    EXPECT_EQ(Canonical(text), canonical) << text;
  }
}

TEST(Canonicalize, KnowsReductions) {
  for (const auto& [text, canonical] : std::vector<Case>{
           {"var(abs(WX))", "var(WX)"},
           {"var(abs(-W))", "var(abs(W))"},
           {"mean(--W)", "mean(W)"},
           {"mean(abs(W))", "l1(W)"},
           {"l1(WX)", "mean(WX)"},
           {"l1(abs(W))", "l1(W)"},
           {"mean(-W)", "-mean(W)"},
           {"dsa(mean(-W), 0.1)", "dsa(mean(-W), 0.1)"},
           {"kurtosis(sin(-W))", "kurtosis(sin(W))"},
           {"skewness(normalize(-W))", "-skewness(normalize(W))"},
           {"gini(abs(W))", "gini(W)"},
           {"spectraltail(-W)", "alpha"},
           {"quantile(-W, 0.3)", "quantile(-W, 0.3)"},
           {"spectraltail(abs(W))", "spectraltail(abs(W))"},
       }) {
    EXPECT_EQ(Canonical(text), canonical) << text;
  }
}

TEST(Canonicalize, StripsWhatThePostprocessUndoes) {
  for (const auto& [text, canonical] : std::vector<Case>{
           {"span(minmax(influence), 0.1)", "span(influence, 0.1)"},
           {"span(-zscore(influence), 0.1)", "span(-influence, 0.1)"},
           {"span(3 * minmax(influence) , 0.1)", "span(influence, 0.1)"},
           {"span(2 - 3 * minmax(influence), 0.1)", "span(-influence, 0.1)"},
           {"span(mix(0.5, zscore(influence), 0.3) / -4, 0.1)", "span(-influence, 0.1)"},
           {"logistic(2 - minmax(influence), 0.1, 2)", "logistic(-influence, 0.1, 2)"},
           {"proportion(depth / -4, 0.1)", "proportion(-depth, 0.1)"},
           {"span(4 * atan(influence), 0.1)", "span(atan(influence), 0.1)"},
           {"span(ranks(influence), 0.1)", "rank(influence, 0.1)"},
           {"span(2 - ranks(exp(depth)), 0.1)", "rank(-depth, 0.1)"},
           {"rank(ranks(influence), 0.1)", "rank(influence, 0.1)"},
           {"rank(exp(3 - 2 * sqrt(ranks(influence))), 0.1)", "rank(-influence, 0.1)"},
           {"rank(-last, 0.1)", "span(-last, 0.1)"},
           {"proportion(sqrt(3 * last) + last, 0.1)", "proportion(last, 0.1)"},
           {"span(exp(-attention) / 7, 0.1)", "span(-attention, 0.1)"},
           {"ramp(cos(atan(last - 0.5)), 0.1)", "uniform()"},
           {"dsa(exp(-attention) / 7, 0.1)", "span(-attention, 0.1)"},
           {"dsa(1 / last, 0.1)", "span(last, 0.1)"},  // an infinity becomes -1
           {"dsa(log(-last), 0.1)", "span(last, 0.1)"},
           {"dsa(asin(2 + last), 0.1)", "uniform()"},
           {"span(cumsum(last) + depth, 0.1)", "span(depth + last, 0.1)"},
           {"span(exp(last - attention), 0.1)", "span(exp(last - attention), 0.1)"},
           {"ramp(-ranks(influence), 0.1)", "ramp(-influence, 0.1)"},
           {"ramp(reverse(atan(depth)), 0.1)", "ramp(reverse(depth), 0.1)"},
           {"waterfill(ranks(influence), 0.1, 0.2)", "waterfill(influence, 0.1, 0.2)"},
           {"density(3 * size)", "density(size)"},
           {"density(2 / -fan)", "density(-1 / fan)"},
           {"density(max(influence, -1))", "density(influence)"},
           {"direct(0.5 + 0.1 * minmax(influence))", "direct(0.1 * minmax(influence))"},
           {"within(uniform(), ranks(influence), 0.1, 0.2)",
            "within(uniform(), influence, 0.1, 0.2)"},
           {"within(uniform(), 3, 0.1, 0.3)", "within(uniform(), 0, 0.2, 0.2)"},
           {"within(within(span(depth, 0.1), influence, 0.1, 0.2), depth, 0.3, 0.4)",
            "within(span(depth, 0.1), depth, 0.3, 0.4)"},
       }) {
    EXPECT_EQ(Canonical(text), canonical) << text;
  }
}

TEST(Canonicalize, KeepsWhatRoundingOrBadValuesWouldChange) {
  for (const std::string_view text : {"span(1 + influence, 0.1)",
                                      "span(3 * influence, 0.1)",
                                      "rank(minmax(influence), 0.1)",
                                      "exp(log(influence))",
                                      "influence / influence",
                                      "dsa(influence - influence, 0.1)",
                                      "dsa(0 * influence, 0.1)",
                                      "dsa(0 + influence, 0.1)",
                                      "dsa(minmax(influence), 0.1)",
                                      "abs(influence)",
                                      "span(1 + 0.001 * minmax(influence), 0.1)",
                                      "dsa(-(depth - influence), 0.1)",
                                      "rank(exp(influence), 0.1)",
                                      "rank(atan(influence), 0.1)",
                                      "span(kindminmax(influence), 0.1)",
                                      "span(2 * influence, 0.1)",
                                      "sqrt(pow2(influence))",
                                      "mix(influence, influence, 0.3)",
                                      "density(3 * influence)",
                                      "direct(0.5 + influence)",
                                      "nm(minmax(influence), 0.1, 8)",
                                      "1 + (2 + influence)",
                                      "sqrt(var(W))",
                                      "max(0, influence)",
                                      "span(cumsum(3), 0.1)"}) {
    EXPECT_EQ(Canonical(text), text);
  }
}

TEST(Canonicalize, HashIsOfTheCanonicalForm) {
  EXPECT_EQ(CanonicalHash(Parsed("span(depth + influence, 0.1)")),
            CanonicalHash(Parsed("span(influence + --depth, 0.1)")));
  EXPECT_NE(CanonicalHash(Parsed("span(depth - influence, 0.1)")),
            CanonicalHash(Parsed("span(influence - depth, 0.1)")));
  EXPECT_EQ(CanonicalHash(Parsed("uniform()")), 2172670569959451448u);
}

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
        "span",   "rank", "ramp",       "waterfill", "dsa",  "logistic", "density",
        "direct", "nm",   "proportion", "within",    "span", "waterfill"};
    const std::string head = Pick(heads);
    if (head != "within") return Node(head, {Layers(1 + random_.Below(9))});
    return Node(head, {Allocation(), Layers(1 + random_.Below(7))});
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

  Expression Layers(uint64_t nodes) {
    static const std::vector<std::string> unary = {
        "neg",        "neg",    "abs",        "pow2", "reverse", "minmax",  "zscore",
        "ranks",      "exp",    "abslog",     "sqrt", "log",     "sin",     "cos",
        "tanh",       "atan",   "asin",       "acos", "neg",     "softmax", "smooth",
        "kindminmax", "cumsum", "suffixmean", "tan",  "logpos",  "sigmoid", "softplus"};
    static const std::vector<std::string> binary = {"+", "-", "*", "/", "min", "max", "mix"};
    static const std::vector<std::string> leaves = {"depth",
                                                    "influence",
                                                    "size",
                                                    "last",
                                                    "attention",
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
    if (nodes == 2 || random_.Below(2) == 0) return Node(Pick(unary), {Layers(nodes - 1)});
    const uint64_t left = 1 + random_.Below(nodes - 2);
    Expression first = Layers(left);
    Expression second = random_.Below(6) == 0 ? first : Layers(nodes - 1 - left);
    return Node(Pick(binary), {std::move(first), std::move(second)});
  }

  RandomGenerator& random_;
};

TEST(Canonicalize, NeverChangesTheAllocation) {
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
    // Kept: the sum drowns the shape, and the product overflows.
    "span(1000 + 0.00001 * minmax(influence), 0.5)",
    "rank(64 * (1000 * (1000 * (10 * influence))), 0.5)",
    "span(skewness(-W) + kurtosis(-W) + l1(-W), 0.2)",
    "span(abs(influence) / abs(redundancy) - -3 * influence, 0.3)",
    "span(smooth(-influence) * smooth(0.5) + minmax(reverse(influence)), 0.3)",
};

// Each rule by itself, wherever it applies, so that no rule hides behind another.
TEST(Canonicalize, EveryRuleAloneKeepsTheAllocation) {
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

TEST(Canonicalize, RulesAreNamedOnceAndLookAtKnownOperators) {
  std::set<std::string_view> names;
  for (const RewriteRule* rule : RewriteRules()) {
    EXPECT_TRUE(names.insert(rule->name).second) << rule->name;
    EXPECT_FALSE(rule->pattern.empty() || rule->why.empty()) << rule->name;
  }
  EXPECT_GT(names.size(), 60u);
}

}  // namespace
}  // namespace strata::expr
