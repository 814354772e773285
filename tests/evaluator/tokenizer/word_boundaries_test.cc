#include "evaluator/tokenizer/word_boundaries.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::evaluator {
namespace {

TEST(WordBoundaries, AreWhereNoTokenReachesAcross) {
  WordBoundaries boundaries;
  for (const char* token : {"\u2581ab", "\u2581\u2581", "bc", "\u00e9\u4e2d", ""}) {
    boundaries.AddToken(token);
  }
  EXPECT_EQ(boundaries.WordBytes("\u2581abc\u2581a"), 6u);
  EXPECT_EQ(boundaries.WordBytes("\u2581\u2581\u2581ab"), 11u);
  EXPECT_EQ(boundaries.WordBytes("ca"), 1u);
  EXPECT_EQ(boundaries.WordBytes("\u00e9\u4e2d\u00e9"), 5u);
  EXPECT_EQ(boundaries.WordBytes("a"), 1u);
}

TEST(WordBoundaries, MalformedBytesAreCharactersOfTheirOwn) {
  WordBoundaries boundaries;
  boundaries.AddToken("ab");
  EXPECT_EQ(boundaries.WordBytes("\xFF\xFE"), 1u);
  EXPECT_EQ(boundaries.WordBytes("ab\xFF"), 2u);
  EXPECT_EQ(boundaries.WordBytes("\xE4\xB8"), 1u);
}

}  // namespace
}  // namespace strata::evaluator
