#include "cli/shared/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using ::testing::ElementsAre;

TEST(PageTest, ColumnsAreThoseOfATerminalAndNotBytes) {
  EXPECT_EQ(ColumnsOf("abc"), 3u);
  EXPECT_EQ(ColumnsOf("größe"), 5u);
  EXPECT_EQ(ColumnsOf("e\u0301"), 1u) << "an accent takes no room of its own";
  EXPECT_EQ(ColumnsOf("剪枝"), 4u);
  EXPECT_EQ(ColumnsOf("▁█×…"), 4u);
  EXPECT_EQ(ColumnsOf("a\xff"), 2u);
}

TEST(PageTest, AShortenedTextEndsInAnEllipsisAndCutsNoCharacter) {
  EXPECT_EQ(ShortenedTo("abcdef", 6), "abcdef");
  EXPECT_EQ(ShortenedTo("abcdefg", 6), "abcde…");
  EXPECT_EQ(ShortenedTo("剪枝剪枝", 6), "剪枝…");
  EXPECT_EQ(ShortenedTo("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  EXPECT_EQ(ShortenedTo("abc", 0), "");
}

TEST(PageTest, WrappedLinesBreakAtBlanksAndLoseNothingElse) {
  EXPECT_THAT(Wrapped("ramp(depth, 0.1) + owl", 12), ElementsAre("ramp(depth,", "0.1) + owl"));
  EXPECT_THAT(Wrapped("/a/long/path b", 6), ElementsAre("/a/lon", "g/path", "b"));
  EXPECT_THAT(Wrapped("exactly six", 7), ElementsAre("exactly", "six"));
  EXPECT_THAT(Wrapped("剪枝剪枝", 5), ElementsAre("剪枝", "剪枝"));
  EXPECT_THAT(Wrapped("", 5), ElementsAre(""));
}

TEST(PageTest, FoldedLinesHangBelowTheTextOfALabel) {
  const Page page{24};
  EXPECT_EQ(Folded("short\n\nshort", page), "short\n\nshort");
  EXPECT_EQ(Folded("ratio   one that is below 1 is better\n", page),
            "ratio   one that is\n        below 1 is\n        better\n");
  EXPECT_EQ(Folded("a sentence that is longer than the page\n", page),
            "a sentence that is\n  longer than the page\n");
  EXPECT_EQ(Folded("a sentence that is longer than the page\n", Page()),
            "a sentence that is longer than the page\n");
}

}  // namespace
}  // namespace strata::cli
