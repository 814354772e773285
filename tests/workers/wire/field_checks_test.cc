#include "workers/wire/field_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::workers {
namespace {

using testing::HasSubstr;

TEST(TextCheckTest, ControlCharactersAreShownEscaped) {
  EXPECT_EQ(Printable("a\nb\t\x1b[2J\x7f\\"), "a\\nb\\t\\x1b[2J\\x7f\\\\");
  EXPECT_EQ(Printable("caf\xc3\xa9"), "caf??");
}

TEST(TextCheckTest, ACutIsVisibleAndSplitsNoEscape) {
  EXPECT_EQ(Printable(std::string(kMaximumTextBytes, 'x')), std::string(kMaximumTextBytes, 'x'));
  const std::string cut = Printable(std::string(kMaximumTextBytes + 1, 'x'));
  EXPECT_EQ(cut.size(), kMaximumTextBytes);
  EXPECT_TRUE(cut.ends_with("x...[cut]"));
  const std::string escapes = Printable("x" + std::string(kMaximumTextBytes, '\x01'));
  EXPECT_LE(escapes.size(), kMaximumTextBytes);
  EXPECT_TRUE(escapes.ends_with("\\x01...[cut]"));
}

TEST(TextCheckTest, Names) {
  EXPECT_EQ(NameProblem("host:12"), "");
  EXPECT_EQ(NameProblem("caf\xc3\xa9 \xf0\x9f\x8c\x8d"), "");
  EXPECT_EQ(NameProblem(std::string(256, 'x')), "");
  EXPECT_THAT(NameProblem(""), HasSubstr("found 0"));
  EXPECT_THAT(NameProblem(std::string(257, 'x')), HasSubstr("found 257"));
  EXPECT_THAT(NameProblem("a\x1b[2J"), HasSubstr("\"a\\x1b[2J\": expected no control characters"));
  EXPECT_THAT(NameProblem("a\xc2\x85"), HasSubstr("U+0085 at byte 1"));
}

TEST(TextCheckTest, NamesThatAreNotUtf8) {
  for (const char* name : {"\xff", "ab\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xf0\x8f\xbf\xbf", "\xe2\x82"}) {
    EXPECT_THAT(NameProblem(name), HasSubstr("expected UTF-8"));
  }
}

}  // namespace
}  // namespace strata::workers
