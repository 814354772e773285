#include "evaluator/text/oniguruma.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/text/regex.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

// Whether the expression matches all of `text`, which it is applied to from the start.
bool Matches(const std::string& oniguruma, const std::string& text) {
  const Pattern pattern =
      Pattern::Compile(Pcre2Expression(oniguruma).value(), Pattern::Subject::kWellFormedUtf8)
          .value();
  Pattern::Matcher matcher(pattern, text);
  const auto match = matcher.Next(0);
  return match.has_value() && match->begin == 0 && match->end == text.size();
}

TEST(Expression, SpacesAreUnicodeWhiteSpace) {
  for (const char* space : {" ", "\t", "\v", "\u0085", "\u00a0", "\u2028", "\u3000"}) {
    EXPECT_TRUE(Matches("\\s", space));
    EXPECT_FALSE(Matches("\\S", space));
    EXPECT_TRUE(Matches("[\\sx]", space));
    EXPECT_FALSE(Matches("[^\\sx]", space));
  }
  for (const char* other : {"a", "\u180e", "\u200b"}) {
    EXPECT_FALSE(Matches("\\s", other));
    EXPECT_TRUE(Matches("\\S", other));
    EXPECT_TRUE(Matches("[^\\sx]", other));
    EXPECT_TRUE(Matches("[\\S]", other));
  }
}

TEST(Expression, WordsAreAlphabeticMarksDigitsAndConnectors) {
  for (const char* word : {"a", "\u00e9", "\u4e2d", "7", "\u0663", "_", "\u0301"}) {
    EXPECT_TRUE(Matches("\\w", word)) << word;
    EXPECT_TRUE(Matches("[-\\w]", word)) << word;
    EXPECT_FALSE(Matches("\\W", word)) << word;
  }
  for (const char* other : {"-", " ", "\u2074", "\u2153", "\u200d"}) {
    EXPECT_FALSE(Matches("\\w", other)) << other;
    EXPECT_TRUE(Matches("\\W", other)) << other;
  }
  EXPECT_TRUE(Matches("\\w", "\u00bd"));
  EXPECT_FALSE(Matches("[\\w]", "\u00bd"));
  EXPECT_TRUE(Matches("a\\b-\\bb", "a-b"));
  EXPECT_FALSE(Matches("a\\bb", "ab"));
  EXPECT_TRUE(Matches("a\\Bb", "ab"));
  EXPECT_TRUE(Matches("-\\B-", "--"));
}

TEST(Expression, AnchorsAreOfLines) {
  EXPECT_TRUE(Matches("a$\n^b", "a\nb"));
  EXPECT_TRUE(Matches("a$", "a"));
  EXPECT_FALSE(Matches("a$\r\n", "a\r\n"));
  EXPECT_TRUE(Matches("\\Aa\\z", "a"));
  EXPECT_FALSE(Matches("a\\z\n", "a\n"));
}

TEST(Expression, ClassesWithinClassesAddTheirCharacters) {
  for (const char* in : {"a", "b", "|"}) {
    EXPECT_TRUE(Matches("[a|[b]]", in));
    EXPECT_FALSE(Matches("[^a|[b]]", in));
  }
  EXPECT_TRUE(Matches("[^(\\s|[.,])]+", "ab"));
  EXPECT_FALSE(Matches("[^(\\s|[.,])]", ","));
  EXPECT_TRUE(Matches("[^(\\s|[.,])]", "["));
}

TEST(Expression, OtherSpellings) {
  EXPECT_TRUE(Matches("\\h\\H", "fg"));
  EXPECT_TRUE(Matches("\\u00e9\\x{4e2d}", "\u00e9\u4e2d"));
  EXPECT_TRUE(Matches("a{,2}", "aa"));
  EXPECT_TRUE(Matches("(?<name>a)", "a"));
}

TEST(Expression, WhatBothReadAlikeStays) {
  for (const char* same :
       {"(?i:'s|'t)|\\p{L}+(?!\\P{N})", "[^\\r\\n\\p{L}]?a{1,3}", "(?<=a)\\.\\d*"}) {
    EXPECT_EQ(Pcre2Expression(same).value(), same);
  }
}

TEST(Expression, WhatTheyReadDifferentlyIsNotSupported) {
  for (const char* other :
       {"[^\\W]", "[\\b]", "[a[^b]]", "[a&&b]", "[[:alpha:]]", "[a-[b]]", "[[a]-z]", "a{1,2}+",
        "(?m:a)", "\\k<a>", "\\x41", "\\u12", "\\1", "[]a]", "\\", "\\pL", "\\p{L", "\\R", "\\K"}) {
    const auto expression = Pcre2Expression(other);
    EXPECT_TRUE(absl::IsUnimplemented(expression.status())) << other;
    EXPECT_THAT(std::string(expression.status().message()), HasSubstr(other));
  }
  EXPECT_EQ(Pcre2Expression("a\\Kb").status().message(),
            "regular expression 'a\\Kb': '\\K' at offset 1 is not supported");
}

}  // namespace
}  // namespace strata::evaluator
