#include "pruning/level_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace strata::pruning {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(LevelGridTest, ARangeAndAListOfTheSameLevelsAreTheSameGrid) {
  const auto range = LevelGrid::Parse("0:0.95:0.05");
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(range->size(), 20);
  EXPECT_EQ(range->denominator(), 20);
  EXPECT_EQ(range->numerator(14), 14);
  EXPECT_EQ(range->level(14), 0.7);  // the same double as that of an allocation
  EXPECT_EQ(range->level(19), 0.95);
  const auto list = LevelGrid::Parse(range->Text());
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(*list, *range);
  const auto created = LevelGrid::Create(range->levels());
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(*created, *range);
}

TEST(LevelGridTest, ListsMayHaveSpacesAndFourDecimals) {
  const auto grid = LevelGrid::Parse("0, 0.3333 ,0.5");
  ASSERT_TRUE(grid.ok()) << grid.status();
  EXPECT_THAT(grid->levels(), ElementsAre(0, 0.3333, 0.5));
  EXPECT_EQ(LevelGrid::Parse("0.5")->size(), 1);
}

TEST(LevelGridTest, GroupsHaveEveryWholeNumberOfZeros) {
  const auto grid = LevelGrid::OfGroup(4);
  ASSERT_TRUE(grid.ok()) << grid.status();
  EXPECT_THAT(grid->levels(), ElementsAre(0, 0.25, 0.5, 0.75));
  EXPECT_EQ(LevelGrid::OfGroup(128)->level(127), 127.0 / 128);
  for (const int64_t group : {0, 1, 3, 96, 256}) {
    EXPECT_EQ(LevelGrid::OfGroup(group).status().code(), absl::StatusCode::kInvalidArgument)
        << group;
  }
}

struct BadText {
  const char* text;
  const char* expected;  // part of the message
};

class BadGridTest : public testing::TestWithParam<BadText> {};

TEST_P(BadGridTest, IsRefusedWithTheReason) {
  const auto grid = LevelGrid::Parse(GetParam().text);
  EXPECT_EQ(grid.status().code(), absl::StatusCode::kInvalidArgument) << GetParam().text;
  EXPECT_THAT(std::string(grid.status().message()), HasSubstr(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, BadGridTest,
    testing::Values(BadText{"0:1:0.05", "level 21: expected a sparsity of at least 0 and below 1"},
                    BadText{"0,0.5,1", "level 3"}, BadText{"0,0.5,1.5", "level 3"},
                    BadText{"-0.1,0.5", "level 1"}, BadText{"0,0.7,0.5", "found 0.5 after 0.7"},
                    BadText{"0,0.5,0.5", "found 0.5 after 0.5"},
                    BadText{"0:0.95:0.1", "whole steps"}, BadText{"0.9:0.1:0.1", "whole steps"},
                    BadText{"0:0.9:0", "whole steps"}, BadText{"0:0.9", "FIRST:LAST:STEP"},
                    BadText{"0:0.9:0.1:2", "FIRST:LAST:STEP"}, BadText{"", "found ''"},
                    BadText{"0,,0.5", "level 2: expected a number"},
                    BadText{"0,0.5x", "found '0.5x'"}, BadText{"nan", "level 1"},
                    BadText{"0,1e300", "level 2"}, BadText{"0.123456", "four decimals"},
                    BadText{"0:0.9:0.001", "1 to 256 levels, found 901"}));

TEST(LevelGridTest, NumbersAreCheckedLikeTexts) {
  for (const double level : {1.0, -0.25, std::nan(""), 1e300, 0.123456}) {
    const std::vector<double> levels = {0.0, level};
    EXPECT_EQ(LevelGrid::Create(levels).status().code(), absl::StatusCode::kInvalidArgument)
        << level;
  }
}

}  // namespace
}  // namespace strata::pruning
