#include "pruning/feature_plan.h"

#include <gtest/gtest.h>

namespace strata::pruning {
namespace {

TEST(FeaturePlanTest, ChainsThatBeginAlikeShareTheirTensors) {
  const auto plan = FeaturePlan::Create({"var(abslog(WX))", "mean(abslog(WX))", "mean(WX)",
                                         "mean(tanh(abslog(WX)))", "outliers(5)", "outliers(7)",
                                         "mean(W)", "redundancy"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->nodes().size(), 4u);  // WX, abslog(WX), tanh(abslog(WX)), W
  ASSERT_EQ(plan->outputs().size(), 8u);
  EXPECT_EQ(plan->outputs()[0].node, plan->outputs()[1].node);
  EXPECT_EQ(plan->outputs()[4].node, plan->outputs()[2].node);
  EXPECT_EQ(plan->nodes()[plan->outputs()[4].node].outlier_multiples, (std::vector<double>{5, 7}));
  EXPECT_EQ(plan->outputs()[7].kind, FeatureKind::kRedundancy);
  EXPECT_TRUE(plan->needs_block_statistics());
  for (size_t i = 0; i < plan->nodes().size(); ++i) {
    EXPECT_LT(plan->nodes()[i].parent, static_cast<int>(i));
  }
}

TEST(FeaturePlanTest, ScoresAloneNeedNoBlockStatistics) {
  const auto plan = FeaturePlan::Create({"outliers(5)"});
  ASSERT_TRUE(plan.ok());
  EXPECT_FALSE(plan->needs_block_statistics());
}

TEST(FeaturePlanTest, OtherExpressionsAreRefusedByName) {
  for (const char* text : {"depth", "minmax(mean(WX))", "span(mean(WX), 0.1)", "WX", "men(WX)"}) {
    const auto plan = FeaturePlan::Create({text});
    ASSERT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(plan.status().message().find(text), absl::string_view::npos) << plan.status();
  }
}

}  // namespace
}  // namespace strata::pruning
