#include "evaluator/tokenizer/text_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<std::pair<std::string, char>> Pieces(const TextPattern& pattern,
                                                 const std::string& text) {
  std::vector<std::pair<std::string, char>> pieces;
  PatternMatcher::Create(pattern).value().ForEachPiece(
      text,
      [&](std::string_view piece, bool is_match) {
        pieces.emplace_back(piece, is_match ? 'm' : '-');
      },
      [&](std::string_view byte) { pieces.emplace_back(byte, 'x'); });
  return pieces;
}

TEST(TextPattern, LiteralsSeeEveryByte) {
  const TextPattern dots{.text = ".."};
  EXPECT_THAT(Pieces(dots, "a...b"), ElementsAre(Pair("a", '-'), Pair("..", 'm'), Pair(".b", '-')));
  EXPECT_THAT(Pieces(dots, "..\xFF"), ElementsAre(Pair("..", 'm'), Pair("\xFF", '-')));
  EXPECT_THAT(Pieces(dots, ""), ElementsAre());
  EXPECT_THAT(Pieces({.text = ""}, "ab"), ElementsAre(Pair("ab", '-')));
}

TEST(TextPattern, ExpressionsSeeWellFormedText) {
  const TextPattern letters{.text = "\\p{L}+", .is_expression = true};
  EXPECT_THAT(Pieces(letters, "1ab2"),
              ElementsAre(Pair("1", '-'), Pair("ab", 'm'), Pair("2", '-')));
  EXPECT_THAT(Pieces(letters, "a\xFF\u00e9\xE4\xB8"),
              ElementsAre(Pair("a", 'm'), Pair("\xFF", 'x'), Pair("\u00e9", 'm'), Pair("\xE4", 'x'),
                          Pair("\xB8", 'x')));
}

TEST(TextPattern, EmptyMatchesAreEmptyPieces) {
  EXPECT_THAT(
      Pieces({.text = "b*", .is_expression = true}, "abc"),
      ElementsAre(Pair("", 'm'), Pair("a", '-'), Pair("b", 'm'), Pair("", 'm'), Pair("c", '-')));
}

TEST(TextPattern, Errors) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      PatternMatcher::Create({.text = "(a", .is_expression = true}).status()));
  EXPECT_TRUE(absl::IsUnimplemented(
      PatternMatcher::Create({.text = "\\K", .is_expression = true}).status()));
  EXPECT_TRUE(PatternMatcher::Create({.text = "(a"}).ok());
}

}  // namespace
}  // namespace strata::evaluator
