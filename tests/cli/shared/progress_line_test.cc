#include "cli/shared/progress_line.h"

#include <gtest/gtest.h>

#include "cli/shared/page.h"

namespace strata::cli {
namespace {

TEST(ProgressLineTest, WhatMattersLeastIsLeftOutWhole) {
  const std::vector<std::string> parts = {"search 12 evaluations", "best 218.4", "12:34 left"};
  EXPECT_EQ(ProgressText(parts, std::nullopt), "search 12 evaluations | best 218.4 | 12:34 left");
  EXPECT_EQ(ProgressText(parts, 47), "search 12 evaluations | best 218.4 | 12:34 left");
  EXPECT_EQ(ProgressText(parts, 46), "search 12 evaluations | best 218.4 …");
  EXPECT_EQ(ProgressText(parts, 35), "search 12 evaluations …");
  EXPECT_EQ(ProgressText(parts, 10), "search 12…");
}

TEST(ProgressLineTest, APathThatIsTooLongIsCut) {
  const std::string path(200, 'p');
  EXPECT_EQ(ProgressText({"1.0 %", path}, 40), "1.0 % …");
  EXPECT_EQ(ColumnsOf(ProgressText({path}, 40)), 40u);
}

}  // namespace
}  // namespace strata::cli
