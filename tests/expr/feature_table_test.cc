#include "expr/feature_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(FeatureTable, KeepsWhatWasMeasured) {
  FeatureTable table(SquareBlocks({10, 20}));
  EXPECT_EQ(table.units(), 2);
  EXPECT_EQ(table.Find("var(W)"), nullptr);
  EXPECT_TRUE(table.Add("var(W)", {std::nan(""), INFINITY}).ok());
  ASSERT_NE(table.Find("var(W)"), nullptr);
  EXPECT_TRUE(std::isnan((*table.Find("var(W)"))[0]));
  EXPECT_EQ((*table.Find("var(W)"))[1], INFINITY);
}

TEST(FeatureTable, RefusesOtherValuesAndLengths) {
  FeatureTable table(SquareBlocks({10, 20}));
  EXPECT_TRUE(table.Add("var(W)", {std::nan(""), 1}).ok());
  EXPECT_TRUE(table.Add("var(W)", {std::nan(""), 1}).ok()) << "the same values again";
  EXPECT_THAT(std::string(table.Add("var(W)", {2, 1}).message()), HasSubstr("other values"));
  EXPECT_THAT(std::string(table.Add("mean(W)", {2}).message()), HasSubstr("expected 2 values"));
}

TEST(RequiredFeatures, ListsMeasurementsOnce) {
  EXPECT_THAT(RequiredFeatures(Parsed("span(var(abslog(WX)) * outliers(5) + depth - size + "
                                      "sin(var(abslog(WX))) + outliers(3) + influence, 0.1)")),
              ElementsAre("influence", "outliers(3)", "outliers(5)", "var(abslog(WX))"));
  EXPECT_THAT(
      RequiredFeatures(Parsed("span(blockwise(minmax(alpha) + blockwise(depth * gini(W))) + "
                              "alpha, 0.1)")),
      ElementsAre("alpha", "blockwise(alpha)", "blockwise(gini(W))"));
  EXPECT_THAT(RequiredFeatures(Parsed("ramp(depth + 2, 0.01)")), IsEmpty());
  EXPECT_THAT(RequiredFeatures(Parsed("uniform()")), IsEmpty());
  EXPECT_THAT(RequiredFeatures(Parsed("redundancy")), ElementsAre("redundancy"));
}

}  // namespace
}  // namespace strata::expr
