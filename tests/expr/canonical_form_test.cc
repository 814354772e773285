#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "expr/expression.h"
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
           {"max(influence, abs(influence))", "abs(influence)"},
           {"min(influence, abs(influence))", "influence"},
           {"max(influence, -abs(influence))", "influence"},
           {"min(influence, -abs(influence))", "-abs(influence)"},
           {"max(min(influence, redundancy), min(depth, influence))",
            "min(influence, max(depth, redundancy))"},
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

// An indicator is 0 or 1, and many operators leave both as they are.
TEST(Canonicalize, KnowsFunctionsOfIndicators) {
  for (const auto& [text, canonical] : std::vector<Case>{
           {"min(last, last)", "last"},
           {"pow2(last)", "last"},
           {"sqrt(last)", "last"},
           {"pow2(sqrt(last))", "last"},
           {"last * last", "last"},
           {"max(last, pow2(last))", "last"},
           {"pow2(1 - last)", "1 - last"},
           {"0.5 * pow2(3 * last)", "4.5 * last"},
           {"abslog(last)", "0"},
           {"-pow2(last)", "-last"},
           {"last * attention", "attention * last"},
           {"exp(last)", "exp(last)"},
           {"logistic(max(pow2(min(last, last)), influence), 0.1, 2)",
            "logistic(max(influence, last), 0.1, 2)"},
           {"dsa(influence + pow2(last), 0.1)", "dsa(influence + last, 0.1)"},
           {"span(redundancy - -depth, 0.1)", "span(depth + redundancy, 0.1)"},
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

// Nested max are one chain, which can be deeper than what it is made of.
TEST(Simplified, IsTheCanonicalFormUnlessThatIsTooDeep) {
  const Expression balanced = Parsed("span(max(max(influence, size), max(redundancy, fan)), 0.1)");
  ASSERT_EQ(Depth(balanced), 4);
  ASSERT_EQ(Depth(Canonicalize(balanced)), 5);
  EXPECT_EQ(Simplified(balanced), Canonicalize(balanced));
  EXPECT_EQ(Simplified(balanced, 4), balanced);
  EXPECT_EQ(PrintExpression(Simplified(Parsed("span(redundancy - -depth, 0.1)"), 3)),
            "span(depth + redundancy, 0.1)");
}

TEST(Canonicalize, HashIsOfTheCanonicalForm) {
  EXPECT_EQ(CanonicalHash(Parsed("span(depth + influence, 0.1)")),
            CanonicalHash(Parsed("span(influence + --depth, 0.1)")));
  EXPECT_NE(CanonicalHash(Parsed("span(depth - influence, 0.1)")),
            CanonicalHash(Parsed("span(influence - depth, 0.1)")));
  EXPECT_EQ(CanonicalHash(Parsed("uniform()")), 2172670569959451448u);
}

}  // namespace
}  // namespace strata::expr
