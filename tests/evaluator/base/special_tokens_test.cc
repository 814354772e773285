#include "evaluator/special_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Vocabulary WithSpecial(const std::vector<std::string>& special) {
  Vocabulary vocabulary;
  vocabulary.tokens = {"plain"};
  vocabulary.types = {TokenType::kNormal};
  for (const std::string& token : special) {
    vocabulary.tokens.push_back(token);
    vocabulary.types.push_back(TokenType::kControl);
  }
  return vocabulary;
}

std::vector<std::pair<std::string, int32_t>> Split(const Vocabulary& vocabulary,
                                                   const std::string& text) {
  const SpecialTokens special = SpecialTokens::Create(vocabulary).value();
  std::vector<std::pair<std::string, int32_t>> fragments;
  for (const Fragment& fragment : special.Split(text)) {
    fragments.emplace_back(fragment.text, fragment.special);
  }
  return fragments;
}

TEST(SpecialTokens, CutTheTextWhereTheyAre) {
  const Vocabulary vocabulary = WithSpecial({"<s>", "</s>"});
  EXPECT_THAT(
      Split(vocabulary, "a<s>b</s></s>"),
      ElementsAre(Pair("a", -1), Pair("<s>", 1), Pair("b", -1), Pair("</s>", 2), Pair("</s>", 2)));
  EXPECT_THAT(Split(vocabulary, "<s"), ElementsAre(Pair("<s", -1)));
  EXPECT_THAT(Split(vocabulary, ""), ElementsAre());
}

TEST(SpecialTokens, LeftmostThenLongest) {
  const Vocabulary vocabulary = WithSpecial({"ab", "abc", "bcd"});
  EXPECT_THAT(Split(vocabulary, "abcd"), ElementsAre(Pair("abc", 2), Pair("d", -1)));
  EXPECT_THAT(Split(vocabulary, "abbcd"), ElementsAre(Pair("ab", 1), Pair("bcd", 3)));
}

TEST(SpecialTokens, AreTextNotExpressions) {
  const Vocabulary vocabulary = WithSpecial({"<|.*|>", "[a]+\\", "\xFF\u00e9"});
  EXPECT_THAT(
      Split(vocabulary, "<|xx|><|.*|>[a]+\\\xFF\u00e9"),
      ElementsAre(Pair("<|xx|>", -1), Pair("<|.*|>", 1), Pair("[a]+\\", 2), Pair("\xFF\u00e9", 3)));
}

TEST(SpecialTokens, KindsThatCount) {
  Vocabulary vocabulary = WithSpecial({"<u>", "<d>", "<n>", "<b>"});
  vocabulary.types = {TokenType::kNormal, TokenType::kUnknown, TokenType::kUserDefined,
                      TokenType::kUnused, TokenType::kByte};
  EXPECT_THAT(Split(vocabulary, "<u><d><n><b>"),
              ElementsAre(Pair("<u>", 1), Pair("<d>", 2), Pair("<n><b>", -1)));
  EXPECT_THAT(Split(WithSpecial({}), "plain"), ElementsAre(Pair("plain", -1)));
  EXPECT_THAT(Split(WithSpecial({""}), "plain"), ElementsAre(Pair("plain", -1)));
}

}  // namespace
}  // namespace strata::evaluator
