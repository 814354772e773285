#include "search/strategy/gaussian_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace strata::search {
namespace {

using Inputs = std::vector<std::vector<double>>;

// By hand for two points at distance d = 0.2 and length 0.2: k = (1 + r + r^2 / 3) exp(-r) with
// r = sqrt(5). Targets 1 and 3 standardise to -1 and 1, so alpha = (-1, 1) / (1 + noise - k).
TEST(GaussianProcess, WorkedExampleOfTwoPoints) {
  const double r = std::sqrt(5.0);
  const double k = (1 + r + r * r / 3) * std::exp(-r);
  const double noise = 0.01;
  const GaussianProcess process({{0.0}, {0.2}}, {1, 3}, {0.2, 0, noise, 1});
  const double alpha = 1 / (1 + noise - k);
  const double at_first = 2 - alpha * (1 - k);
  EXPECT_NEAR(process.Predict(std::vector<double>{0.0}).mean, at_first, 1e-12);
  EXPECT_NEAR(process.Predict(std::vector<double>{0.1}).mean, 2, 1e-12);
  EXPECT_NEAR(process.Predict(std::vector<double>{9.0}).mean, 2, 1e-9);
  // Far away the deviation is the prior's: the signal's variance is fit / 2 = alpha.
  EXPECT_NEAR(process.Predict(std::vector<double>{9.0}).deviation, std::sqrt(alpha), 1e-9);
  EXPECT_LT(process.Predict(std::vector<double>{0.0}).deviation,
            process.Predict(std::vector<double>{0.1}).deviation);
}

double Bowl(const std::vector<double>& x) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(i + 1) * x[i] * x[i];
  return 4 + sum + 0.5 * x[0];
}

TEST(GaussianProcess, LearnsAFunctionAndKnowsWhereItDoesNot) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform(-0.5, 0.5);
  Inputs inputs;
  std::vector<double> targets;
  for (int i = 0; i < 120; ++i) {
    inputs.push_back({uniform(random), uniform(random), uniform(random)});
    targets.push_back(Bowl(inputs.back()));
  }
  const GaussianProcess process(inputs, targets, GaussianProcess::Choose(inputs, targets, 3));
  double squares = 0;
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> x = {uniform(random), uniform(random), uniform(random)};
    const double error = process.Predict(x).mean - Bowl(x);
    squares += error * error;
  }
  EXPECT_LT(std::sqrt(squares / 200), 0.05);  // the targets' own deviation is 0.3
  EXPECT_GT(process.Predict(std::vector<double>{3, 3, 3}).deviation,
            10 * process.Predict(std::vector<double>{0, 0, 0}).deviation);
}

TEST(GaussianProcess, EqualPointsAndEqualTargetsAreNoError) {
  const GaussianProcess process({{1, 1}, {1, 1}, {1, 1}}, {5, 5, 5}, {0.1, 1, 0, 2});
  EXPECT_DOUBLE_EQ(process.Predict(std::vector<double>{1, 1}).mean, 5);
  EXPECT_GT(process.settings().noise, 0);
}

}  // namespace
}  // namespace strata::search
