#include "evaluator/synthetic_evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace strata::evaluator {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

std::vector<double> Feature(Evaluator& evaluator, const std::string& feature,
                            Granularity granularity = Granularity::kBlock) {
  ProfileRequest request;
  request.granularity = granularity;
  request.features = {feature};
  return evaluator.MeasureFeatures(request, nullptr).value().values.at(0);
}

EvaluateRequest Request(std::vector<double> allocation, Split split = Split::kFitness) {
  EvaluateRequest request;
  request.allocation = std::move(allocation);
  request.fidelity.split = split;
  return request;
}

TEST(SyntheticEvaluator, FeaturesOfBlocksAreThoseOfBlocks) {
  const auto evaluator = MakeSyntheticEvaluator({.blocks = 3, .before_operation = {}});
  const std::vector<double> blocks = Feature(*evaluator, "gini(W)");
  const std::vector<double> linears =
      Feature(*evaluator, "blockwise(gini(W))", Granularity::kLinear);
  ASSERT_EQ(linears.size(), 21u);
  for (size_t i = 0; i < linears.size(); ++i) EXPECT_EQ(linears[i], blocks[i / 7]);
  EXPECT_EQ(LayoutOf(evaluator->model(), Granularity::kLinear)[8].role, expr::LinearRole::kKey);
}

TEST(SyntheticEvaluator, LossIsTheFormulaOfTheKnownFeature) {
  const auto evaluator = MakeSyntheticEvaluator({.blocks = 5, .before_operation = {}});
  const std::vector<double> weights = Feature(*evaluator, "var(abslog(WX))");
  ASSERT_EQ(weights.size(), 5u);
  const std::vector<double> allocation = {0, 0.25, 0.5, 0.75, 0.9};
  double expected = 3;
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_GT(weights[i], 0);
    expected += weights[i] * std::pow(allocation[i], 2) / (1 - allocation[i]);
  }
  const Measurement measured = evaluator->Evaluate(Request(allocation), nullptr).value();
  EXPECT_NEAR(measured.mean_nll, expected, 1e-12);
  EXPECT_NEAR(measured.achieved_sparsity, 0.48, 1e-12);
  EXPECT_EQ(measured.window_nll.size(), 8u);
  EXPECT_EQ(measured.tokens, 8 * 255);
}

TEST(SyntheticEvaluator, SlopesAreDerivativesOfTheLoss) {
  const auto evaluator = MakeSyntheticEvaluator({.blocks = 4, .before_operation = {}});
  const std::vector<double> allocation = {0, 0.25, 0.5, 0.9};
  EvaluateRequest request = Request(allocation);
  EXPECT_TRUE(evaluator->Evaluate(request, nullptr)->slopes.empty());
  request.fidelity.slope_step = 0.05;
  const std::vector<double> slopes = evaluator->Evaluate(request, nullptr)->slopes;
  ASSERT_EQ(slopes.size(), 4u);
  constexpr double kStep = 1e-6;
  for (size_t i = 0; i < slopes.size(); ++i) {
    EvaluateRequest more = Request(allocation);
    more.allocation[i] += kStep;
    const double rise = evaluator->Evaluate(more, nullptr)->mean_nll -
                        evaluator->Evaluate(Request(allocation), nullptr)->mean_nll;
    EXPECT_NEAR(slopes[i], rise / kStep, 1e-3 * (1 + slopes[i])) << i;
  }
}

TEST(SyntheticEvaluator, DenseModelAndOddWindows) {
  const auto evaluator = MakeSyntheticEvaluator({});
  EvaluateRequest request = Request({});
  request.fidelity.windows = 3;
  const Measurement measured = evaluator->Evaluate(request, nullptr).value();
  EXPECT_DOUBLE_EQ(measured.mean_nll, 3.0);
  EXPECT_EQ(measured.achieved_sparsity, 0.0);
  double sum = 0;
  for (const double nll : measured.window_nll) sum += nll;
  EXPECT_EQ(measured.mean_nll, sum / 3);
}

TEST(SyntheticEvaluator, TheDivergenceIsWhatTheLossRises) {
  const auto evaluator = MakeSyntheticEvaluator({.before_operation = {}, .tasks_digest = "tasks"});
  EvaluateRequest request = Request({});
  request.fidelity.measure = Measure::kKl;
  EXPECT_EQ(evaluator->Evaluate(request, nullptr)->mean_nll, 0.0);
  EvaluateRequest pruned =
      Request(std::vector<double>(UnitsOf(evaluator->model(), Granularity::kBlock).size(), 0.5));
  pruned.fidelity.tasks = "tasks";
  const Measurement loss = evaluator->Evaluate(pruned, nullptr).value();
  pruned.fidelity.measure = Measure::kKl;
  const Measurement divergence = evaluator->Evaluate(pruned, nullptr).value();
  EXPECT_NEAR(divergence.mean_nll, loss.mean_nll - 3, 1e-12);
  EXPECT_NEAR(*divergence.zero_shot_error, *loss.zero_shot_error, 1e-12);
  for (const double window : divergence.window_nll) EXPECT_GE(window, 0);
}

TEST(SyntheticEvaluator, PruningLessWhereTheFeatureIsHighIsBetterThanUniform) {
  const auto evaluator = MakeSyntheticEvaluator({});
  const std::vector<double> weights = Feature(*evaluator, "var(abslog(WX))");
  double mean = 0;
  for (const double weight : weights) mean += weight / static_cast<double>(weights.size());
  std::vector<double> less, more;
  for (const double weight : weights) {
    less.push_back(0.6 - 0.3 * (weight - mean));
    more.push_back(0.6 + 0.3 * (weight - mean));
  }
  const auto loss = [&](const std::vector<double>& allocation) {
    return evaluator->Evaluate(Request(allocation), nullptr).value().mean_nll;
  };
  const double uniform = loss(std::vector<double>(weights.size(), 0.6));
  EXPECT_LT(loss(less), uniform);
  EXPECT_GT(loss(more), uniform);
}

TEST(SyntheticEvaluator, AllocationConstantInBlocksMeasuresTheSamePerLinear) {
  const auto evaluator = MakeSyntheticEvaluator({.blocks = 2, .before_operation = {}});
  EvaluateRequest by_linear = Request(std::vector<double>(14, 0.3));
  std::fill(by_linear.allocation.begin() + 7, by_linear.allocation.end(), 0.7);
  by_linear.granularity = Granularity::kLinear;
  EXPECT_NEAR(evaluator->Evaluate(by_linear, nullptr).value().mean_nll,
              evaluator->Evaluate(Request({0.3, 0.7}), nullptr).value().mean_nll, 1e-12);
  EXPECT_EQ(Feature(*evaluator, "mean(W)", Granularity::kLinear).size(), 14u);
  EXPECT_EQ(UnitsOf(evaluator->model(), Granularity::kLinear).size(), 14u);
  EXPECT_EQ(UnitsOf(evaluator->model(), Granularity::kKind).size(), 4u);
}

TEST(SyntheticEvaluator, ReportDiffersALittleFromFitness) {
  const auto evaluator = MakeSyntheticEvaluator({});
  const std::vector<double> allocation(12, 0.5);
  const auto excess = [&](Split split) {
    return evaluator->Evaluate(Request(allocation, split), nullptr).value().mean_nll - 3;
  };
  EXPECT_NE(excess(Split::kReport), excess(Split::kFitness));
  EXPECT_NEAR(excess(Split::kReport) / excess(Split::kFitness), 1, 0.05);
  EXPECT_EQ(excess(Split::kCalibration), excess(Split::kFitness));
}

TEST(SyntheticEvaluator, OtherFeaturesDependOnTheirTextAlone) {
  const auto one = MakeSyntheticEvaluator({});
  const auto other = MakeSyntheticEvaluator({});
  EXPECT_EQ(Feature(*one, "mean(X)"), Feature(*other, "mean(X)"));
  EXPECT_NE(Feature(*one, "mean(X)"), Feature(*one, "mean(W)"));
  EXPECT_THAT(Feature(*one, "mean(X)"),
              Each(::testing::AllOf(::testing::Ge(0.0), ::testing::Lt(1.0))));
  EXPECT_EQ(one->model().digest, other->model().digest);
  EXPECT_NE(one->model().digest,
            MakeSyntheticEvaluator({.blocks = 13, .before_operation = {}})->model().digest);
}

TEST(SyntheticEvaluator, BadRequestsAreErrors) {
  const auto evaluator = MakeSyntheticEvaluator({.blocks = 2, .before_operation = {}});
  const auto error = [&](const EvaluateRequest& request) {
    const auto measured = evaluator->Evaluate(request, nullptr);
    EXPECT_TRUE(absl::IsInvalidArgument(measured.status()));
    return std::string(measured.status().message());
  };
  EXPECT_THAT(error(Request({0.5})), HasSubstr("expected 2 sparsities, one per unit, found 1"));
  EXPECT_THAT(error(Request({0.5, 1.0})), HasSubstr("allocation[1]"));
  EXPECT_THAT(error(Request({-0.1, 0.5})), HasSubstr("found -0.1"));
  EXPECT_THAT(error(Request({std::numeric_limits<double>::quiet_NaN(), 0})), HasSubstr("nan"));
  EvaluateRequest no_windows = Request({0.5, 0.5});
  no_windows.fidelity.windows = 0;
  EXPECT_THAT(error(no_windows), HasSubstr("found 0 of 256"));
  ProfileRequest profile;
  profile.features = {""};
  EXPECT_TRUE(absl::IsInvalidArgument(evaluator->MeasureFeatures(profile, nullptr).status()));
  const auto empty = MakeSyntheticEvaluator({.blocks = 0, .before_operation = {}});
  EXPECT_TRUE(absl::IsInvalidArgument(empty->Evaluate(Request({}), nullptr).status()));
}

TEST(SyntheticEvaluator, FaultsComeFromTheHookInOrder) {
  std::vector<int64_t> ordinals;
  const auto evaluator = MakeSyntheticEvaluator(
      {.blocks = 2, .before_operation = [&](int64_t ordinal) {
         ordinals.push_back(ordinal);
         return ordinal == 1 ? absl::UnavailableError("away") : absl::OkStatus();
       }});
  EXPECT_TRUE(evaluator->Evaluate(Request({}), nullptr).ok());
  EXPECT_TRUE(absl::IsUnavailable(evaluator->MeasureFeatures({}, nullptr).status()));
  EXPECT_TRUE(evaluator->Evaluate(Request({}), nullptr).ok());
  EXPECT_THAT(ordinals, ::testing::ElementsAre(0, 1, 2));
}

TEST(SyntheticEvaluator, ProgressCanStopTheWork) {
  const auto evaluator = MakeSyntheticEvaluator({});
  std::vector<double> fractions;
  const auto at_once = [](double) { return false; };
  const auto at_the_end = [&](double fraction) {
    fractions.push_back(fraction);
    return fraction < 1;
  };
  EXPECT_TRUE(absl::IsCancelled(evaluator->Evaluate(Request({}), at_once).status()));
  EXPECT_TRUE(absl::IsCancelled(evaluator->MeasureFeatures({}, at_the_end).status()));
  EXPECT_THAT(fractions, ::testing::ElementsAre(0, 1));
}

}  // namespace
}  // namespace strata::evaluator
