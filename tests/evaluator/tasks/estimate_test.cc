#include "evaluator/tasks/estimate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace strata::tasks {
namespace {

Stratum Items(std::vector<double> values, double share = 1) {
  Stratum stratum;
  stratum.weights.assign(values.size(), 1.0);
  stratum.values = std::move(values);
  stratum.share = share;
  return stratum;
}

constexpr BootstrapOptions kFew = {.resamples = 2000, .seed = 7};

TEST(EstimateTest, StandardErrorOfAMean) {
  // Mean 0.6; squares 2 * 0.36 + 3 * 0.16 = 1.2; sqrt(1.2 / 4) / sqrt(5).
  EXPECT_NEAR(*StandardErrorOfMean({1, 0, 1, 0, 1}), std::sqrt(0.3 / 5), 1e-15);
  EXPECT_EQ(StandardErrorOfMean({1}), std::nullopt);
  const Estimate estimate = EstimateFigure({Items({1, 0, 1, 0, 1})}, Link::kMean, kFew);
  EXPECT_DOUBLE_EQ(estimate.value, 0.6);
  EXPECT_NEAR(*estimate.standard_error, 0.24494897427831783, 1e-15);
}

// Accuracies 6 of 8 and 3 of 5, as lm-evaluation-harness 0.4.13 aggregated them.
TEST(EstimateTest, GroupsArePooled) {
  const std::vector<double> six = {1, 1, 1, 1, 1, 1, 0, 0};
  const std::vector<double> three = {1, 1, 1, 0, 0};
  const Estimate by_size =
      EstimateFigure({Items(six, 8), Items(three, 5)}, Link::kMean, {.resamples = 0});
  EXPECT_NEAR(by_size.value, 0.6923076923076923, 1e-15);
  EXPECT_NEAR(*by_size.standard_error, 0.13740858372430334, 1e-15);
  EXPECT_FALSE(by_size.interval.has_value());
  const Estimate alike = EstimateFigure({Items(six), Items(three)}, Link::kMean, {.resamples = 0});
  EXPECT_NEAR(alike.value, 0.675, 1e-15);
  const double e1 = *StandardErrorOfMean(six);
  const double e2 = *StandardErrorOfMean(three);
  EXPECT_NEAR(*alike.standard_error, std::sqrt(e1 * e1 + e2 * e2) / 2, 1e-15);
}

TEST(EstimateTest, PerplexitiesFollowTheMeanLogLikelihood) {
  const Estimate items = EstimateFigure({Items({-1, -3})}, Link::kPerplexity, kFew);
  EXPECT_DOUBLE_EQ(items.value, std::exp(2.0));
  // A resample has the mean -1, -2 or -3 with probabilities 1/4, 1/2 and 1/4.
  const double mean = (std::exp(1.0) + 2 * std::exp(2.0) + std::exp(3.0)) / 4;
  const double variance = (std::exp(2.0) + 2 * std::exp(4.0) + std::exp(6.0)) / 4 - mean * mean;
  EXPECT_NEAR(*items.standard_error, std::sqrt(variance), 0.03 * std::sqrt(variance));
  EXPECT_DOUBLE_EQ(items.interval->low, std::exp(1.0));
  EXPECT_DOUBLE_EQ(items.interval->high, std::exp(3.0));

  Stratum weighted = Items({-10, -20});
  weighted.weights = {4, 8};
  const Estimate words = EstimateFigure({weighted}, Link::kPerplexity, kFew);
  EXPECT_DOUBLE_EQ(words.value, std::exp(2.5));
  EXPECT_FALSE(words.standard_error.has_value());
  EXPECT_DOUBLE_EQ(words.interval->low, std::exp(2.5)) << "both have the same mean";
  EXPECT_DOUBLE_EQ(EstimateFigure({weighted}, Link::kBitsPerByte, kFew).value, 2.5 / std::log(2.0));
}

// Of 0/1 values the bootstrap's figures are binomial: half of 400, so a standard deviation of .025.
TEST(EstimateTest, IntervalsAreThoseOfTheBinomialDistribution) {
  std::vector<double> values(400, 0.0);
  std::fill(values.begin(), values.begin() + 200, 1.0);
  const Estimate estimate = EstimateFigure({Items(values)}, Link::kMean, kFew);
  EXPECT_NEAR(estimate.interval->low, 0.5 - 1.96 * 0.025, 0.005);
  EXPECT_NEAR(estimate.interval->high, 0.5 + 1.96 * 0.025, 0.005);
  const Estimate narrow =
      EstimateFigure({Items(values)}, Link::kMean, {.resamples = 2000, .seed = 7, .coverage = 0.5});
  EXPECT_NEAR(narrow.interval->high, 0.5 + 0.6745 * 0.025, 0.004);
}

TEST(EstimateTest, TheSeedDecidesTheIntervals) {
  const std::vector<Stratum> strata = {Items({0.1, 0.7, 0.3, 0.9, 0.2, 0.5, 0.8})};
  const auto low = [&](uint64_t seed) {
    return EstimateFigure(strata, Link::kMean, {.resamples = 50, .seed = seed}).interval->low;
  };
  EXPECT_EQ(low(1), low(1));
  EXPECT_NE(low(1), low(2));
}

TEST(EstimateTest, DifferencesArePaired) {
  const std::vector<Stratum> base = {Items({1, 0, 1, 0})};
  const std::vector<Stratum> other = {Items({0, 0, 1, 0})};
  const Estimate difference = EstimateDifference(base, other, Link::kMean, kFew);
  EXPECT_DOUBLE_EQ(difference.value, -0.25);
  EXPECT_DOUBLE_EQ(*difference.standard_error, *StandardErrorOfMean({-1, 0, 0, 0}));
  EXPECT_LE(difference.interval->high, 0) << "no item is better, so no resample is";
  const Estimate same = EstimateDifference(base, base, Link::kPerplexity, kFew);
  EXPECT_EQ(same.value, 0);
  EXPECT_EQ(same.interval->low, 0);
  EXPECT_EQ(same.interval->high, 0);
}

}  // namespace
}  // namespace strata::tasks
