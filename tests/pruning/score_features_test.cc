#include "pruning/score_features.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "pruning/ordered_values.h"
#include "pruning/spectrum.h"
#include "pruning/tensor_kernels.h"

namespace strata::pruning {
namespace {

// Two linears of different shapes, large enough for several chunks.
struct Unit {
  std::vector<float> first, second, first_scaler, second_scaler;
  FeatureUnit view() const {
    FeatureUnit unit;
    // Any numbers will do for gradients: here, the weights themselves.
    unit.linears = {{{first.data(), 300, 200}, first_scaler, first},
                    {{second.data(), 50, 700}, second_scaler, second}};
    unit.redundancy = 12.5;
    unit.influence = 0.25;
    unit.linear_redundancy = 3.5;
    unit.sensitivity = 0.75;
    unit.distortion = 0.015;
    unit.slope = -2.5;
    return unit;
  }
};

Unit MakeUnit() {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  Unit unit;
  for (int i = 0; i < 300 * 200; ++i) unit.first.push_back(normal(random));
  for (int i = 0; i < 50 * 700; ++i) unit.second.push_back(normal(random) * 0.1f);
  for (int i = 0; i < 200; ++i) unit.first_scaler.push_back(std::exp(normal(random)));
  for (int i = 0; i < 700; ++i) unit.second_scaler.push_back(std::exp(normal(random)));
  unit.first[123] = 0.0f;
  return unit;
}

// All scores of the unit as one vector.
std::vector<float> Scores(const Unit& unit) {
  std::vector<float> scores;
  for (int i = 0; i < 300 * 200; ++i) {
    scores.push_back(std::fabs(unit.first[i]) * std::sqrt(unit.first_scaler[i % 200]));
  }
  for (int i = 0; i < 50 * 700; ++i) {
    scores.push_back(std::fabs(unit.second[i]) * std::sqrt(unit.second_scaler[i % 700]));
  }
  return scores;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double x : values) sum += x;
  return sum / static_cast<double>(values.size());
}

double Variance(const std::vector<double>& values) {
  const double mean = Mean(values);
  double sum = 0;
  for (const double x : values) sum += (x - mean) * (x - mean);
  return sum / static_cast<double>(values.size() - 1);
}

std::vector<double> Apply(const std::vector<float>& values, double (*function)(double)) {
  std::vector<double> result;
  for (const float x : values) result.push_back(function(x));
  return result;
}

std::vector<double> Measure(const std::vector<std::string>& features, const Unit& unit) {
  const auto plan = FeaturePlan::Create(features);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return MeasureUnit(*plan, unit.view());
}

TEST(ScoreFeaturesTest, ManyFeaturesInOneMeasurement) {
  const Unit unit = MakeUnit();
  const std::vector<float> scores = Scores(unit);
  const std::vector<double> plain = Apply(scores, [](double x) { return x; });
  const std::vector<double> logarithms =
      Apply(scores, [](double x) { return std::log(x == 0 ? 1 : x); });
  const std::vector<double> measured =
      Measure({"var(abslog(WX))", "mean(WX)", "outliers(3)", "std(normalize(WX))",
               "mean(normalize(abslog(WX)))", "mean(mms(WX))", "redundancy", "influence",
               "entropy(WX)", "var(abslog(mms(WX)))"},
              unit);
  EXPECT_NEAR(measured[0] / Variance(logarithms), 1.0, 1e-6);
  EXPECT_NEAR(measured[1] / Mean(plain), 1.0, 1e-7);
  const double threshold = 3 * Mean(plain);
  const auto above =
      std::count_if(plain.begin(), plain.end(), [&](double x) { return x > threshold; });
  EXPECT_NEAR(measured[2], 100.0 * static_cast<double>(above) / 95000, 2.1e-3);
  EXPECT_NEAR(measured[3], 1.0, 1e-5);
  EXPECT_NEAR(measured[4], 0.0, 1e-5);
  EXPECT_NEAR(measured[5] * *std::max_element(plain.begin(), plain.end()) / Mean(plain), 1.0, 1e-6);
  EXPECT_EQ(measured[6], 12.5);
  EXPECT_EQ(measured[7], 0.25);
  EXPECT_GT(measured[8], 9.0);
  EXPECT_LT(measured[8], std::log(95000.0));
  EXPECT_TRUE(std::isfinite(measured[9]));
}

TEST(ScoreFeaturesTest, SourcesDiffer) {
  const Unit unit = MakeUnit();
  double weight_sum = 0;
  for (const float x : unit.first) weight_sum += x;
  for (const float x : unit.second) weight_sum += x;
  double input_sum = 0;
  for (const float x : unit.first_scaler) input_sum += 300 * std::sqrt(x);
  for (const float x : unit.second_scaler) input_sum += 50 * std::sqrt(x);
  const std::vector<double> measured = Measure({"mean(W)", "mean(X)"}, unit);
  EXPECT_NEAR(measured[0], weight_sum / 95000, 1e-7);
  EXPECT_NEAR(measured[1], input_sum / 95000, 1e-6);
}

TEST(ScoreFeaturesTest, NumbersOfTheUnitAndGradientsArePassedOn) {
  const Unit unit = MakeUnit();
  const std::vector<double> measured =
      Measure({"linearredundancy", "sensitivity", "var(G)", "var(W)", "distortion", "slope"}, unit);
  EXPECT_EQ(measured[0], 3.5);
  EXPECT_EQ(measured[1], 0.75);
  EXPECT_EQ(measured[2], measured[3]);
  EXPECT_EQ(measured[4], 0.015);
  EXPECT_EQ(measured[5], -2.5);
}

TEST(ScoreFeaturesTest, HigherMomentsOfTheUnit) {
  const Unit unit = MakeUnit();
  const std::vector<double> scores = Apply(Scores(unit), [](double x) { return x; });
  const double mean = Mean(scores);
  double moments[5] = {};
  for (const double x : scores) {
    for (int k = 2; k < 5; ++k) moments[k] += std::pow(x - mean, k) / 95000;
  }
  const std::vector<double> measured = Measure({"skewness(WX)", "kurtosis(WX)", "var(WX)"}, unit);
  EXPECT_NEAR(measured[0] / (moments[3] / std::pow(moments[2], 1.5)), 1.0, 1e-6);
  EXPECT_NEAR(measured[1] / (moments[4] / std::pow(moments[2], 2)), 1.0, 1e-6);
  EXPECT_NEAR(measured[2] / (moments[2] * 95000 / 94999), 1.0, 1e-6);
}

TEST(ScoreFeaturesTest, SortedReductionsAreThoseOfAllElements) {
  const Unit unit = MakeUnit();
  std::vector<float> sorted(unit.first);
  sorted.insert(sorted.end(), unit.second.begin(), unit.second.end());
  std::sort(sorted.begin(), sorted.end());
  const std::vector<double> measured = Measure(
      {"quantile(W, 0.5)", "quantile(W, 0.1)", "gini(W)", "quantile(normalize(W), 0.1)"}, unit);
  EXPECT_EQ(measured[0], QuantileOfSorted(sorted, 0.5));
  EXPECT_EQ(measured[1], QuantileOfSorted(sorted, 0.1));
  EXPECT_EQ(measured[2], GiniOfSorted(sorted));
  const std::vector<double> moments = Measure({"mean(W)", "std(W)"}, unit);
  EXPECT_NEAR(measured[3], (measured[1] - moments[0]) / moments[1], 1e-6);
}

TEST(ScoreFeaturesTest, ReductionsOfMatricesAreMeansOverLinears) {
  const Unit unit = MakeUnit();
  const Spectrum first = SpectrumOf({unit.first, 300, 200});
  const Spectrum second = SpectrumOf({unit.second, 50, 700});
  const std::vector<double> measured =
      Measure({"matrixrank(W)", "logdet(W)", "stablerank(W)", "spectraltail(W)", "alpha",
               "correlation(W)", "stablerank(neg(W))"},
              unit);
  EXPECT_EQ(measured[0], (RankShare(first) + RankShare(second)) / 2);
  EXPECT_EQ(measured[1], (LogDeterminant(first) + LogDeterminant(second)) / 2);
  EXPECT_EQ(measured[2], (StableRank(first) + StableRank(second)) / 2);
  EXPECT_EQ(measured[3], (SpectralTail(first) + SpectralTail(second)) / 2);
  EXPECT_EQ(measured[4], measured[3]);
  EXPECT_EQ(
      measured[5],
      (MeanCorrelation({unit.first, 300, 200}) + MeanCorrelation({unit.second, 50, 700})) / 2);
  EXPECT_NEAR(measured[6], measured[2], 1e-12);
}

// Whole-tensor operators scale each matrix by the statistics of the unit, not by its own.
TEST(ScoreFeaturesTest, MatricesComeAfterWholeTensorOperators) {
  const Unit unit = MakeUnit();
  const std::vector<double> moments = Measure({"mean(W)", "std(W)"}, unit);
  double expected = 0;
  for (const auto& [values, rows, columns] :
       {std::tuple(unit.first, 300, 200), std::tuple(unit.second, 50, 700)}) {
    std::vector<float> normalized = values;
    for (float& x : normalized) {
      x = (x - static_cast<float>(moments[0])) / static_cast<float>(moments[1]);
    }
    expected += LogDeterminant(SpectrumOf({normalized, rows, columns})) / 2;
  }
  EXPECT_NEAR(Measure({"logdet(normalize(W))"}, unit)[0], expected, 1e-9);
}

TEST(ScoreFeaturesTest, AThresholdOverAllUnitsKeepsTheTargetExactly) {
  const Unit unit = MakeUnit();
  Unit wider = MakeUnit();
  for (float& x : wider.second) x *= 3;
  const auto plan = FeaturePlan::Create(
      {"below(WX, 0.7)", "below(WX, 0.2)", "mean(WX)", "below(normalize(W), 0.5)"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ModelFeatures features(*plan, 2);
  ASSERT_EQ(features.passes(), 3);
  for (int pass = 0; pass < 3; ++pass) {
    features.Add(pass, 1, wider.view());
    features.Add(pass, 0, unit.view());
    features.EndPass(pass);
  }
  const auto& values = features.values();
  EXPECT_NEAR((values[0][0] + values[0][1]) / 2, 0.7, 1e-12);
  EXPECT_NEAR((values[1][0] + values[1][1]) / 2, 0.2, 1e-12);
  EXPECT_GT(values[0][0], values[0][1]);
  EXPECT_EQ(values[2][0], Measure({"mean(WX)"}, unit)[0]);
  EXPECT_NEAR((values[3][0] + values[3][1]) / 2, 0.5, 1e-12);
  std::vector<float> all = Scores(unit);
  const std::vector<float> more = Scores(wider);
  all.insert(all.end(), more.begin(), more.end());
  std::nth_element(all.begin(), all.begin() + 133000 - 1, all.end());
  const std::vector<float> scores = Scores(unit);
  const auto below =
      std::count_if(scores.begin(), scores.end(), [&](float x) { return x <= all[133000 - 1]; });
  EXPECT_NEAR(values[0][0], static_cast<double>(below) / 95000, 2.0 / 95000);
}

TEST(ScoreFeaturesTest, MeasuringTogetherOrAloneGivesTheSameBits) {
  const Unit unit = MakeUnit();
  const std::vector<std::string> features = {
      "var(abslog(WX))",    "mean(tanh(abslog(WX)))", "outliers(5)", "std(mms(normalize(WX)))",
      "entropy(WX)",        "kurtosis(WX)",           "var(WX)",     "gini(abslog(WX))",
      "stablerank(mms(WX))"};
  const std::vector<double> together = Measure(features, unit);
  for (size_t i = 0; i < features.size(); ++i) {
    EXPECT_EQ(Measure({features[i]}, unit)[0], together[i]) << features[i];
  }
}

TEST(ScoreFeaturesTest, ThreadsDoNotChangeTheBits) {
  const Unit unit = MakeUnit();
  const std::vector<std::string> features = {
      "var(abslog(WX))",         "l2(WX)",         "outliers(5)", "kurtosis(WX)",
      "quantile(tanh(WX), 0.3)", "correlation(WX)"};
  at::set_num_threads(1);
  const std::vector<double> one = Measure(features, unit);
  at::set_num_threads(2);
  EXPECT_EQ(Measure(features, unit), one);
}

TEST(ScoreFeaturesTest, NotANumberIsReturnedAsMeasured) {
  EXPECT_TRUE(std::isnan(Measure({"mean(log(W))"}, MakeUnit())[0]));
}

}  // namespace
}  // namespace strata::pruning
