#include "search/strategy/surrogate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/search/linear_layout.h"

namespace strata::search {
namespace {

// One unit per block.
expr::UnitLayout Blocks(const std::vector<int64_t>& parameters) {
  expr::UnitLayout layout;
  for (size_t i = 0; i < parameters.size(); ++i) {
    layout.push_back({.parameters = parameters[i], .block = static_cast<int>(i), .fan = 2});
  }
  return layout;
}

const expr::UnitLayout kLayout = Blocks({1, 1, 1, 1, 1, 1});

double Loss(const expr::Allocation& allocation) {
  double loss = 3;
  for (size_t i = 0; i < allocation.size(); ++i) {
    const double s = allocation[i];
    loss += 0.05 * static_cast<double>(i + 1) * s * s / (1 - s);
  }
  return loss;
}

expr::Allocation RandomAllocation(std::mt19937_64* random, double spread) {
  std::normal_distribution<double> normal(0, spread);
  expr::Allocation allocation;
  for (int i = 0; i < 6; ++i) allocation.push_back(std::clamp(0.7 + normal(*random), 0.1, 0.95));
  return allocation;
}

Surrogate Trained(const SurrogateOptions& options, int points) {
  std::mt19937_64 random(1);
  Surrogate surrogate(options, kLayout, 1);
  for (int i = 0; i < points; ++i) {
    const expr::Allocation allocation = RandomAllocation(&random, 0.08);
    surrogate.Add(allocation, {Loss(allocation)});
  }
  return surrogate;
}

TEST(Surrogate, IsReadyOnceItHasEnoughPoints) {
  SurrogateOptions options;
  options.minimum_points = 3;
  EXPECT_FALSE(Trained(options, 2).is_ready());
  EXPECT_TRUE(Trained(options, 3).is_ready());
}

TEST(Surrogate, RanksAllocationsItHasNotSeen) {
  Surrogate surrogate = Trained({}, 150);
  surrogate.Fit({});
  std::mt19937_64 random(9);
  int right = 0;
  for (int i = 0; i < 300; ++i) {
    const expr::Allocation a = RandomAllocation(&random, 0.08), b = RandomAllocation(&random, 0.08);
    const bool predicted = surrogate.Predict(0, a).mean < surrogate.Predict(0, b).mean;
    right += predicted == (Loss(a) < Loss(b)) ? 1 : 0;
  }
  EXPECT_GT(right, 270);
}

std::vector<double> SlopesAt(const expr::Allocation& allocation) {
  std::vector<double> slopes;
  for (size_t i = 0; i < allocation.size(); ++i) {
    const double kept = 1 - allocation[i];
    slopes.push_back(0.05 * static_cast<double>(i + 1) * (1 / (kept * kept) - 1));
  }
  return slopes;
}

// Returns the root mean square error of predicted losses near `center`.
double ErrorNear(const expr::Allocation& center, const Surrogate& surrogate) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(0, 0.02);
  double squares = 0;
  for (int i = 0; i < 200; ++i) {
    // The budget stays, as in a search.
    expr::Allocation near = center;
    double moved = 0;
    for (size_t k = 1; k < near.size(); ++k) {
      const double change = normal(random);
      near[k] += change;
      moved += change;
    }
    near[0] -= moved;
    const double error = surrogate.Predict(0, near).mean - Loss(near);
    squares += error * error;
  }
  return std::sqrt(squares / 200);
}

// Five losses say little about six sparsities; one measurement of slopes says where to go.
TEST(Surrogate, LearnsFromSlopes) {
  const expr::Allocation center = {0.75, 0.72, 0.7, 0.7, 0.68, 0.65};
  Surrogate without = Trained({}, 4), with = Trained({}, 4);
  without.Add(center, {Loss(center)});
  with.Add(center, {Loss(center)});
  with.AddSlopes(center, SlopesAt(center));
  without.Fit({});
  with.Fit({});
  EXPECT_LT(ErrorNear(center, with), 0.5 * ErrorNear(center, without));
}

TEST(Surrogate, MeasuresTheDistanceFromTheBest) {
  Surrogate surrogate({}, Blocks({1, 3}), 1);
  surrogate.Add({0.7, 0.5}, {3.0});
  surrogate.Add({0.1, 0.7}, {9.0});
  EXPECT_NEAR(surrogate.DistanceFromBest({0.7, 0.5}, 1), 0, 1e-15);
  EXPECT_NEAR(surrogate.DistanceFromBest({0.5, 0.5}, 1), std::sqrt(0.25) * 0.2, 1e-12);
  EXPECT_NEAR(surrogate.DistanceFromBest({0.7, 0.6}, 1), std::sqrt(0.75) * 0.1, 1e-12);
  // The second best counts only where two do.
  EXPECT_NEAR(surrogate.DistanceFromBest({0.1, 0.7}, 2), 0, 1e-15);
  EXPECT_GT(surrogate.DistanceFromBest({0.1, 0.7}, 1), 0.3);
}

// The model is fitted to good allocations and must still know that wild ones are bad.
TEST(Surrogate, ExpectsNothingGoodFarAway) {
  Surrogate surrogate = Trained({}, 150);
  surrogate.Fit({});
  const Prediction wild = surrogate.Predict(0, {0.98, 0.98, 0.98, 0.42, 0.42, 0.42});
  EXPECT_GT(wild.mean - 2 * wild.deviation, Loss(expr::Allocation(6, 0.7)));
}

TEST(Surrogate, WhatIsPendingIsLessUncertainAndKeepsItsForecast) {
  const expr::Allocation pending = {0.6, 0.65, 0.7, 0.75, 0.7, 0.8};
  Surrogate surrogate = Trained({}, 60);
  surrogate.Fit({});
  const Prediction before = surrogate.Predict(0, pending);
  surrogate.Fit({pending, pending});
  const Prediction after = surrogate.Predict(0, pending);
  EXPECT_LT(after.deviation, 0.7 * before.deviation);
  EXPECT_NEAR(after.mean, before.mean, 0.02);
}

TEST(Surrogate, ForgetsAllButTheBestAndTheLatest) {
  SurrogateOptions options;
  options.maximum_points = 8;
  options.minimum_points = 8;
  EXPECT_TRUE(Trained(options, 9).is_ready());
  SurrogateOptions never = options;
  never.minimum_points = 9;
  EXPECT_FALSE(Trained(never, 500).is_ready());
}

TEST(Surrogate, PredictsEveryMeasuredObjective) {
  std::mt19937_64 random(4);
  Surrogate surrogate({}, kLayout, 2);
  for (int i = 0; i < 80; ++i) {
    const expr::Allocation allocation = RandomAllocation(&random, 0.08);
    surrogate.Add(allocation, {Loss(allocation), allocation[0]});
  }
  surrogate.Fit({});
  EXPECT_NEAR(surrogate.Predict(1, {0.6, 0.7, 0.7, 0.7, 0.7, 0.8}).mean, 0.6, 0.03);
}

// What is known of some linears of a role is expected of the others.
TEST(Surrogate, ExpectsLinearsOfARoleToActAlike) {
  constexpr int kBlocks = 10;
  const expr::UnitLayout layout = Linears(kBlocks);
  Surrogate surrogate({}, layout, 1);
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0, 0.05);
  // Losses rise with the sparsity of value linears; those of the last three blocks never change.
  const auto loss = [&](const expr::Allocation& allocation) {
    double sum = 3;
    for (size_t i = 0; i < layout.size(); ++i) {
      if (layout[i].role == expr::LinearRole::kValue) sum += allocation[i];
    }
    return sum;
  };
  for (int i = 0; i < 120; ++i) {
    expr::Allocation allocation(layout.size(), 0.6);
    for (size_t unit = 0; unit < layout.size(); ++unit) {
      if (layout[unit].block < kBlocks - 3) allocation[unit] += normal(random);
    }
    surrogate.Add(allocation, {loss(allocation)});
  }
  surrogate.Fit({});
  const auto with = [&](expr::LinearRole role) {
    expr::Allocation allocation(layout.size(), 0.6);
    for (size_t unit = 0; unit < layout.size(); ++unit) {
      if (layout[unit].block >= kBlocks - 3 && layout[unit].role == role) allocation[unit] = 0.8;
    }
    return surrogate.Predict(0, allocation).mean;
  };
  EXPECT_GT(with(expr::LinearRole::kValue), with(expr::LinearRole::kKey) + 0.05);
}

}  // namespace
}  // namespace strata::search
