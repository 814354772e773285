#include "evaluator/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/pattern.h"

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

TEST(Expression, WhatBothReadAlikeStays) {
  for (const char* same :
       {"(?i:'s|'t)|\\p{L}+(?!\\P{N})", "[^\\r\\n\\p{L}]?a{1,3}", "(?<=a)\\.\\d*"}) {
    EXPECT_EQ(Pcre2Expression(same).value(), same);
  }
}

TEST(Expression, WhatTheyReadDifferentlyIsNotSupported) {
  for (const char* other :
       {"\\w", "\\b", "\\h", "^a", "a$", "[a[b]]", "[a&&b]", "[[:alpha:]]", "a{,3}", "a{1,2}+",
        "(?m:a)", "(?<name>a)", "\\k<a>", "\\x41", "\\1", "[]a]", "\\", "\\pL", "\\p{L"}) {
    const auto expression = Pcre2Expression(other);
    EXPECT_TRUE(absl::IsUnimplemented(expression.status())) << other;
    EXPECT_THAT(std::string(expression.status().message()), HasSubstr(other));
  }
  EXPECT_EQ(Pcre2Expression("a\\wb").status().message(),
            "regular expression 'a\\wb': '\\w' at offset 1 is not supported");
}

}  // namespace
}  // namespace strata::evaluator
