#include "expr/projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

double MeanAt(double base, const std::vector<double>& slopes, const std::vector<double>& weights,
              const AllocationTarget& target, double factor) {
  double mean = 0;
  for (size_t i = 0; i < slopes.size(); ++i) {
    mean += weights[i] * std::clamp(base + factor * slopes[i], target.minimum, target.maximum);
  }
  return mean;
}

TEST(FitFactor, FindsTheFactor) {
  const std::vector<double> weights = {0.25, 0.75};
  EXPECT_NEAR(FitFactor(0, std::vector<double>{1, 2}, weights, {0.35}, 0, 10), 0.2, 1e-15);
  // The second is at its maximum: 0.25 c + 0.75 * 0.5 = 0.4.
  EXPECT_NEAR(FitFactor(0, std::vector<double>{1, 9}, weights, {0.4, 0, 0.5}, 0, 10), 0.1, 1e-15);
  EXPECT_NEAR(FitFactor(1, std::vector<double>{1, 2}, weights, {0.65}, -1, 0), -0.2, 1e-15);
}

TEST(FitFactor, GivesTheNearerEndIfTheTargetIsBeyond) {
  const std::vector<double> weights = {0.5, 0.5};
  EXPECT_EQ(FitFactor(0, std::vector<double>{1, 1}, weights, {0.5}, 0, 0.1), 0.1);
  EXPECT_EQ(FitFactor(0, std::vector<double>{1, 1}, weights, {0.5}, 0.7, 0.9), 0.7);
  EXPECT_EQ(FitFactor(1, std::vector<double>{0, 0}, weights, {0.5}, -1, 0), -1);
}

TEST(FitFactor, IsExactOverManyOrdersOfMagnitude) {
  MersenneTwister random(3);
  for (int round = 0; round < 5000; ++round) {
    const std::vector<double> weights = WeightsOf(RandomSizes(random));
    const double spread = random.Uniform(0, 300);
    std::vector<double> slopes(weights.size());
    for (double& slope : slopes) slope = std::exp(-random.Uniform(0, spread));
    const double smallest = *std::min_element(slopes.begin(), slopes.end());
    AllocationTarget target{random.Uniform(0.05, 0.95)};
    target.minimum = random.Uniform(0, target.sparsity);
    target.maximum = random.Uniform(target.sparsity, 0.99);
    const double up = FitFactor(0, slopes, weights, target, 0, target.maximum / smallest);
    ASSERT_NEAR(MeanAt(0, slopes, weights, target, up), target.sparsity, 1e-14);
    const double down = FitFactor(1, slopes, weights, target, -1 / smallest, 0);
    ASSERT_NEAR(MeanAt(1, slopes, weights, target, down), target.sparsity, 1e-14);
  }
}

TEST(ProjectInPlace, LeavesWhatIsExactAlone) {
  std::vector<double> values = {0.25, 0.75};
  ASSERT_TRUE(ProjectInPlace(values, std::vector<double>{0.5, 0.5}, {0.5}).ok());
  EXPECT_EQ(values, (std::vector<double>{0.25, 0.75}));
}

}  // namespace
}  // namespace strata::expr
