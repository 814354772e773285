#include "pruning/feature_plan.h"

#include <gtest/gtest.h>

#include "expr/layout_sources.h"

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

TEST(FeaturePlanTest, SaysWhatMustBeKnown) {
  struct Needs {
    const char* feature;
    bool scaler_rows, block_statistics, linear_redundancy, gradients, sensitivity, all_units;
    bool distortion = false, slopes = false;
  };
  for (const Needs& needs : {Needs{"mean(W)", false, false, false, false, false, false},
                             Needs{"alpha", false, false, false, false, false, false},
                             Needs{"gini(tanh(X))", true, false, false, false, false, false},
                             Needs{"outliers(5)", true, false, false, false, false, false},
                             Needs{"influence", false, true, false, false, false, false},
                             Needs{"linearredundancy", false, false, true, false, false, false},
                             Needs{"mean(abs(G))", false, false, false, true, false, false},
                             Needs{"sensitivity", false, false, false, false, true, false},
                             Needs{"distortion", true, false, false, false, false, false, true},
                             Needs{"slope", false, false, false, false, false, false, false, true},
                             Needs{"below(WX, 0.5)", true, false, false, false, false, true}}) {
    const auto plan = FeaturePlan::Create({needs.feature});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->needs_scaler_rows(), needs.scaler_rows) << needs.feature;
    EXPECT_EQ(plan->needs_block_statistics(), needs.block_statistics) << needs.feature;
    EXPECT_EQ(plan->needs_linear_redundancy(), needs.linear_redundancy) << needs.feature;
    EXPECT_EQ(plan->needs_gradients(), needs.gradients) << needs.feature;
    EXPECT_EQ(plan->needs_sensitivity(), needs.sensitivity) << needs.feature;
    EXPECT_EQ(plan->needs_all_units(), needs.all_units) << needs.feature;
    EXPECT_EQ(plan->needs_distortion(), needs.distortion) << needs.feature;
    EXPECT_EQ(plan->needs_slopes(), needs.slopes) << needs.feature;
  }
}

// Whatever the table calls measured can be measured: every reduction of every source, and every
// structural source that does not follow from the layout.
TEST(FeaturePlanTest, TheWholeTableCanBeMeasured) {
  int features = 0;
  for (const expr::Operator& row : expr::Operators()) {
    std::vector<double> parameters;
    for (const expr::OperatorParameter& parameter : row.parameters) {
      parameters.push_back(parameter.default_value);
    }
    expr::Expression root{expr::IdOf(row.name), parameters, {}};
    if (row.kind == expr::OperatorKind::kStructuralSource) {
      if (expr::LayoutSourceOf(root.op) != nullptr) continue;
      EXPECT_TRUE(FeaturePlan::Create({expr::PrintExpression(root)}).ok()) << row.name;
      ++features;
    }
    if (row.kind != expr::OperatorKind::kReduction) continue;
    for (const char* source : {"W", "X", "WX", "G"}) {
      root.children = {{expr::IdOf("abs"), {}, {{expr::IdOf(source), {}, {}}}}};
      const auto plan = FeaturePlan::Create({expr::PrintExpression(root)});
      EXPECT_TRUE(plan.ok()) << plan.status();
      ++features;
    }
  }
  EXPECT_EQ(features, 8 + 4 * 18);
}

TEST(FeaturePlanTest, NumbersOfReductionsAreKept) {
  const auto plan =
      FeaturePlan::Create({"quantile(WX, 0.25)", "quantile(WX, 0.75)", "alpha", "spectraltail(W)"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->nodes().size(), 2u);
  EXPECT_EQ(plan->outputs()[0].parameter, 0.25);
  EXPECT_EQ(plan->outputs()[1].parameter, 0.75);
  EXPECT_EQ(plan->outputs()[2].node, plan->outputs()[3].node);
  EXPECT_EQ(plan->outputs()[2].reduction, plan->outputs()[3].reduction);
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
