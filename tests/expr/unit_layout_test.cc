#include "expr/unit_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace strata::expr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const UnitLayout& layout) {
  const absl::Status status = ValidateLayout(layout);
  EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(UnitLayout, IsInModelOrderWithoutGaps) {
  EXPECT_EQ(ErrorOf({}), "");
  EXPECT_EQ(ErrorOf({{5, 0, UnitKind::kAttention, 2}, {5, 0, UnitKind::kFeedForward, 2}}), "");
  EXPECT_EQ(ErrorOf({{5, 0, UnitKind::kBlock, 2}, {5, 1, UnitKind::kBlock, 2}}), "");
  EXPECT_THAT(ErrorOf({{5, 1, UnitKind::kBlock, 2}}), HasSubstr("unit 0: expected block 0"));
  EXPECT_THAT(ErrorOf({{5, 0, UnitKind::kBlock, 2}, {5, 2, UnitKind::kBlock, 2}}),
              HasSubstr("unit 1: expected block 0 or 1, found 2"));
  EXPECT_THAT(
      ErrorOf(
          {{5, 0, UnitKind::kBlock, 2}, {5, 1, UnitKind::kBlock, 2}, {5, 0, UnitKind::kBlock, 2}}),
      HasSubstr("unit 2: expected block 1 or 2, found 0"));
  EXPECT_THAT(ErrorOf({{0, 0, UnitKind::kBlock, 2}}), HasSubstr("found 0 and 2"));
  EXPECT_THAT(ErrorOf({{5, 0, UnitKind::kBlock, -1}}), HasSubstr("found 5 and -1"));
}

TEST(UnitLayout, ParametersAndWeights) {
  EXPECT_THAT(ParametersOf({{5, 0, UnitKind::kBlock, 2}, {15, 1, UnitKind::kBlock, 2}}),
              ElementsAre(5, 15));
  EXPECT_THAT(WeightsOf({5, 15}), ElementsAre(0.25, 0.75));
}

TEST(UnitLayout, SquareBlocksAreOneMatrixEach) {
  const UnitLayout layout = SquareBlocks({100, 10000});
  ASSERT_EQ(layout.size(), 2);
  EXPECT_EQ(layout[1].parameters, 10000);
  EXPECT_EQ(layout[1].block, 1);
  EXPECT_EQ(layout[1].fan, 200);
  EXPECT_TRUE(ValidateLayout(layout).ok());
}

TEST(UnitLayout, EveryKindHasAName) {
  for (int kind = 0; kind < kUnitKinds; ++kind) {
    EXPECT_NE(UnitKindName(static_cast<UnitKind>(kind)), "unknown kind");
  }
  EXPECT_EQ(UnitKindName(static_cast<UnitKind>(kUnitKinds)), "unknown kind");
}

}  // namespace
}  // namespace strata::expr
