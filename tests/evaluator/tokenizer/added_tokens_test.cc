#include "evaluator/tokenizer/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<AddedToken> Tokens(const std::vector<std::string>& texts) {
  std::vector<AddedToken> tokens;
  for (const std::string& text : texts) {
    tokens.push_back({.id = static_cast<int32_t>(tokens.size() + 1), .text = text});
  }
  return tokens;
}

std::vector<std::pair<std::string, int32_t>> Split(const std::vector<AddedToken>& tokens,
                                                   const std::string& text,
                                                   bool normalized = false) {
  const Normalizer normalizer = Normalizer::Create({PrependStep{"_"}}).value();
  const AddedTokens added(tokens, normalized, normalizer);
  std::vector<Fragment> fragments;
  added.Split(text, fragments);
  std::vector<std::pair<std::string, int32_t>> found;
  for (const Fragment& fragment : fragments) found.emplace_back(fragment.text, fragment.token);
  return found;
}

TEST(AddedTokens, CutTheTextWhereTheyAre) {
  const std::vector<AddedToken> tokens = Tokens({"<s>", "</s>"});
  EXPECT_THAT(
      Split(tokens, "a<s>b</s></s>"),
      ElementsAre(Pair("a", -1), Pair("<s>", 1), Pair("b", -1), Pair("</s>", 2), Pair("</s>", 2)));
  EXPECT_THAT(Split(tokens, "<s"), ElementsAre(Pair("<s", -1)));
  EXPECT_THAT(Split(tokens, ""), ElementsAre());
  EXPECT_THAT(Split({}, "plain"), ElementsAre(Pair("plain", -1)));
  EXPECT_THAT(Split(Tokens({""}), "plain"), ElementsAre(Pair("plain", -1)));
}

TEST(AddedTokens, LeftmostThenLongest) {
  const std::vector<AddedToken> tokens = Tokens({"ab", "abc", "bcd"});
  EXPECT_THAT(Split(tokens, "abcd"), ElementsAre(Pair("abc", 2), Pair("d", -1)));
  EXPECT_THAT(Split(tokens, "abbcd"), ElementsAre(Pair("ab", 1), Pair("bcd", 3)));
}

TEST(AddedTokens, AreBytesNotExpressions) {
  const std::vector<AddedToken> tokens = Tokens({"<|.*|>", "[a]+\\", "\xFF\u00e9"});
  EXPECT_THAT(
      Split(tokens, "<|xx|><|.*|>[a]+\\\xFF\u00e9"),
      ElementsAre(Pair("<|xx|>", -1), Pair("<|.*|>", 1), Pair("[a]+\\", 2), Pair("\xFF\u00e9", 3)));
}

TEST(AddedTokens, TakeSpacesBesideThem) {
  std::vector<AddedToken> tokens = Tokens({"<l>", "<r>"});
  tokens[0].strips_left = true;
  tokens[1].strips_right = true;
  EXPECT_THAT(Split(tokens, "a \u3000<l> b"),
              ElementsAre(Pair("a", -1), Pair(" \u3000<l>", 1), Pair(" b", -1)));
  EXPECT_THAT(Split(tokens, "a <r>\n\t b"),
              ElementsAre(Pair("a ", -1), Pair("<r>\n\t ", 2), Pair("b", -1)));
  // The spaces between are the first one's.
  EXPECT_THAT(Split(tokens, "<r>  <l>"), ElementsAre(Pair("<r>  ", 2), Pair("<l>", 1)));
}

// Expected values from tokenizers 0.23.3.
TEST(AddedTokens, SpacesThatOneTokenTakesMayBelongToTheNext) {
  std::vector<AddedToken> tokens = Tokens({"<r>", "<l>", "\n\n", "  "});
  tokens[0].strips_right = true;
  tokens[1].strips_left = true;
  EXPECT_THAT(Split(tokens, "<r>\n\nb"),
              ElementsAre(Pair("<r>\n\n", 1), Pair("\n\n", 3), Pair("b", -1)));
  EXPECT_THAT(Split(tokens, "<r>  <l>"),
              ElementsAre(Pair("<r>  ", 1), Pair("  ", 4), Pair("<l>", 2)));
  // The space after the second match is text again.
  EXPECT_THAT(Split(tokens, "<r>   b"),
              ElementsAre(Pair("<r>   ", 1), Pair("  ", 4), Pair(" b", -1)));
  EXPECT_THAT(Split(tokens, "a  <l>b"),
              ElementsAre(Pair("a", -1), Pair("  ", 4), Pair("<l>", 2), Pair("b", -1)));
}

TEST(AddedTokens, SingleWordsTouchNoWord) {
  std::vector<AddedToken> tokens = Tokens({"day"});
  tokens[0].single_word = true;
  EXPECT_THAT(Split(tokens, "day (day) Monday days \u00e9day day\u0301 day"),
              ElementsAre(Pair("day", 1), Pair(" (", -1), Pair("day", 1),
                          Pair(") Monday days \u00e9day day\u0301 ", -1), Pair("day", 1)));
}

TEST(AddedTokens, NormalizedOnesAreLookedForInTheirNormalForm) {
  std::vector<AddedToken> tokens = Tokens({"<a>", "<b>"});
  tokens[1].normalized = true;
  EXPECT_THAT(Split(tokens, "<a>_<b>"), ElementsAre(Pair("<a>", 1), Pair("_<b>", -1)));
  EXPECT_THAT(Split(tokens, "<a>_<b>", /*normalized=*/true),
              ElementsAre(Pair("<a>", -1), Pair("_<b>", 2)));
}

}  // namespace
}  // namespace strata::evaluator
