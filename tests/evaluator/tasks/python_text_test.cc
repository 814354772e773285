#include "evaluator/tasks/python_text.h"

#include <gtest/gtest.h>

namespace strata::tasks {
namespace {

// What Python 3.11 gives.
TEST(PythonTextTest, WhiteSpaceIsThatOfStrIsspace) {
  EXPECT_EQ(Strip(" \t\n a b \u00a0\u3000\x1c"), "a b");
  EXPECT_EQ(Strip("\u200b a"), "\u200b a");  // a zero width space is none
  EXPECT_EQ(Strip(" \n "), "");
  EXPECT_EQ(TrailingWhiteSpaceBytes("word \u2003"), 4u);
  EXPECT_EQ(TrailingWhiteSpaceBytes("word"), 0u);
  EXPECT_EQ(LeadingWhiteSpaceBytes("\u0085\nx "), 3u);
  EXPECT_EQ(Strip("\xff "), "\xff");
}

TEST(PythonTextTest, CharactersAreCodePoints) {
  EXPECT_EQ(CharacterCount(""), 0);
  EXPECT_EQ(CharacterCount("Öl"), 2);
  EXPECT_EQ(CharacterCount("e\u0301"), 2);
  EXPECT_EQ(CharacterCount("\U0001F600!"), 2);
  EXPECT_EQ(CharacterCount("\xff\xfe"), 2);
}

TEST(PythonTextTest, WordsAreWhatSplittingAtWhiteSpaceGives) {
  EXPECT_EQ(WordCount("a river  in\nthe hills"), 5);
  EXPECT_EQ(WordCount("word"), 1);
  EXPECT_EQ(WordCount(" word "), 3);  // re.split gives an empty word at either end
  EXPECT_EQ(WordCount(""), 1);
}

TEST(PythonTextTest, CaseIsThatOfUnicode) {
  EXPECT_EQ(Lowercase("ÄÖ Straße I"), "äö straße i");
  EXPECT_EQ(Uppercase("äö ß"), "ÄÖ SS");
}

}  // namespace
}  // namespace strata::tasks
