#include "expr/reading.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

#include "tests/expr/any_tree.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

std::string Read(std::string_view text) { return ReadingOf(Parsed(text), "block"); }

TEST(Reading, SaysWhichWayItGoes) {
  EXPECT_EQ(
      Read("span(-var(abslog(WX)), 0.15)"),
      "The higher the variance of the logarithm of the Wanda score, the less a block is pruned; "
      "the sparsities spread over 0.3 around the target.");
  EXPECT_EQ(Read("span(mean(WX), 0.15)"),
            "The higher the mean of the Wanda score, the more a block is pruned; the sparsities "
            "spread over 0.3 around the target.");
}

// The sign in front may hide in a product, and two signs are none.
TEST(Reading, TakesTheSignOutOfProducts) {
  const std::string less =
      "The higher the ratio of the depth of the block to the number of weights "
      "relative to the largest, the less";
  EXPECT_EQ(Read("span(-depth / size, 0.1)").substr(0, less.size()), less);
  EXPECT_EQ(Read("span(-(depth / size), 0.1)").substr(0, less.size()), less);
  EXPECT_NE(Read("span(-(-depth / size), 0.1)").find("the more"), std::string::npos);
  EXPECT_NE(Read("span(-2 * depth, 0.1)").find("product of 2 and the depth of the block, the less"),
            std::string::npos)
      << Read("span(-2 * depth, 0.1)");
}

TEST(Reading, EveryMappingHasItsSentence) {
  EXPECT_EQ(Read("uniform()"), "Every block is pruned at the target.");
  EXPECT_NE(Read("dsa(var(abs(WX)), 0.08)").find("not a number counts as 0"), std::string::npos);
  EXPECT_NE(Read("density(fan)").find("keeps is in proportion"), std::string::npos);
  EXPECT_NE(Read("density(fan)").find("the less"), std::string::npos);
  EXPECT_NE(Read("proportion(alpha, 0.3)").find("from 0.7 to 1.3"), std::string::npos);
  EXPECT_NE(Read("nm(-outliers(6), 0.125, 8)").find("In every 8 weights"), std::string::npos);
  EXPECT_NE(Read("nm(-outliers(6), 0.125, 8)").find("the less"), std::string::npos);
  EXPECT_NE(Read("within(uniform(), -depth, 0.1, 0.2)").find("up to 0.2 above that mean and 0.1"),
            std::string::npos);
  std::set<std::string> sentences;
  int mappings = 0;
  for (const Operator& row : Operators()) {
    if (row.kind != OperatorKind::kPostprocess) continue;
    Expression node{IdOf(row.name), {}, {}};
    for (const OperatorParameter& parameter : row.parameters) {
      node.parameters.push_back(parameter.default_value);
    }
    if (row.arity == 1) node.children.push_back(Parsed("depth"));
    sentences.insert(ReadingOf(node));
    ++mappings;
  }
  EXPECT_EQ(sentences.size(), static_cast<size_t>(mappings)) << "two mappings read the same";
}

TEST(Reading, PartsOfFunctions) {
  EXPECT_EQ(Read("var(W)"), "One number for every block: the variance of the weight.");
  EXPECT_EQ(Read("abs(W)"), "One number for every weight: the magnitude of the weight.");
  EXPECT_EQ(Read("depth + (size + 1)"),
            "One number for every block: the sum of the depth of the block and (the sum of the "
            "number of weights relative to the largest and 1).");
}

TEST(Reading, EveryOperatorHasAPhraseWithAllOperandsAndNumbers) {
  std::set<std::string_view> phrases;
  for (const Operator& row : Operators()) {
    const bool phrase_expected =
        row.kind != OperatorKind::kConstant && row.kind != OperatorKind::kPostprocess &&
        row.kind != OperatorKind::kDescent && row.kind != OperatorKind::kAdjustment;
    const std::string phrase(PhraseOf(IdOf(row.name)));
    EXPECT_EQ(!phrase.empty(), phrase_expected) << row.name;
    if (!phrase_expected) continue;
    EXPECT_TRUE(phrases.insert(PhraseOf(IdOf(row.name))).second) << row.name << " reads as another";
    int operands = 0;
    for (size_t i = phrase.find("{}"); i != std::string::npos; i = phrase.find("{}", i + 2)) {
      ++operands;
    }
    EXPECT_EQ(operands, row.arity) << row.name;
    for (const OperatorParameter& parameter : row.parameters) {
      EXPECT_NE(phrase.find(std::string("<").append(parameter.name).append(">")), std::string::npos)
          << row.name;
    }
  }
}

std::set<std::string> WordsOf(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
    } else {
      words.insert(word);
      word.clear();
    }
  }
  return words;
}

TEST(Reading, EveryTreeReadsWithoutInternalNames) {
  // Names of operators that are plain English as well.
  const std::set<std::string> english = {"depth", "size",     "last",        "attention",  "mean",
                                         "rank",  "entropy",  "correlation", "proportion", "within",
                                         "W",     "X",        "G",           "ramp",       "min",
                                         "max",   "logistic", "below",       "query",      "key",
                                         "value", "output",   "gate",        "up",         "down"};
  MersenneTwister random(8);
  for (int k = 0; k < 20000; ++k) {
    const Expression tree = AnyTree(random).Of(ValueType::kAllocation, 1 + k % 7);
    const std::string reading = ReadingOf(tree);
    ASSERT_GT(reading.size(), 20u);
    ASSERT_EQ(reading.back(), '.');
    ASSERT_EQ(reading.find_first_of("<>{}?"), std::string::npos) << reading;
    ASSERT_EQ(reading.find(",,"), std::string::npos) << reading;
    const std::set<std::string> words = WordsOf(reading);
    for (const Operator& row : Operators()) {
      if (english.contains(std::string(row.name))) continue;
      ASSERT_FALSE(words.contains(std::string(row.name))) << row.name << ": " << reading;
    }
  }
}

}  // namespace
}  // namespace strata::expr
