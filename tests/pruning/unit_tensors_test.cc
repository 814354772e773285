#include "pruning/unit_tensors.h"

#include <gtest/gtest.h>

#include <numeric>

namespace strata::pruning {
namespace {

// Several chunks, whose last does not divide the rows.
struct Weights {
  std::vector<float> first = std::vector<float>(210 * 1000);
  std::vector<float> second = std::vector<float>(3 * 5);
  std::vector<float> first_scaler = std::vector<float>(1000, 4.0f);
  std::vector<float> second_scaler = {1, 4, 9, 16, 25};
  FeatureUnit unit;

  Weights() {
    std::iota(first.begin(), first.end(), -1000.0f);
    std::iota(second.begin(), second.end(), 1.0f);
    unit.linears = {{{first.data(), 210, 1000}, first_scaler, {}},
                    {{second.data(), 3, 5}, second_scaler, {}}};
  }
};

TEST(UnitTensorsTest, TensorsAreLinearAfterLinearInRowOrder) {
  const Weights weights;
  const auto plan = FeaturePlan::Create({"quantile(W, 0.5)", "gini(X)", "gini(neg(neg(WX)))"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  const UnitTensors tensors(*plan, weights.unit);
  std::vector<float> expected = weights.first;
  expected.insert(expected.end(), weights.second.begin(), weights.second.end());
  EXPECT_EQ(tensors.Tensor(0), expected);
  EXPECT_EQ(tensors.Matrix(0, 0), weights.first);
  EXPECT_EQ(tensors.Matrix(0, 1), weights.second);
  EXPECT_EQ(tensors.Matrix(1, 1),
            (std::vector<float>{1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5}));
  const std::vector<float> scores = tensors.Matrix(plan->outputs()[2].node, 1);
  EXPECT_EQ(scores[7], 8.0f * 3.0f);
}

TEST(UnitTensorsTest, KnownSummariesAreTakenAsTheyAre) {
  const Weights weights;
  const auto plan = FeaturePlan::Create({"gini(mms(W))"});
  ASSERT_TRUE(plan.ok());
  const UnitTensors gathered(*plan, weights.unit);
  EXPECT_EQ(gathered.summaries()[0].statistics.minimum, -1000.0f);
  const UnitTensors again(*plan, weights.unit, gathered.summaries());
  EXPECT_EQ(again.Tensor(1), gathered.Tensor(1));
  std::vector<TensorSummary> changed = gathered.summaries();
  changed[0].statistics.minimum = -2000;
  EXPECT_NE(UnitTensors(*plan, weights.unit, changed).Tensor(1), gathered.Tensor(1));
}

}  // namespace
}  // namespace strata::pruning
