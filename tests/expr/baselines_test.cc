#include "expr/baselines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "expr/allocation.h"
#include "tests/expr/oracle.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::ElementsAre;

std::map<std::string, Baseline> ByName(int units, double target) {
  std::map<std::string, Baseline> baselines;
  for (Baseline& baseline : Baselines(units, target)) {
    const std::string name = baseline.name;
    EXPECT_TRUE(baselines.emplace(name, std::move(baseline)).second) << name;
  }
  return baselines;
}

TEST(Baselines, NamesDefaultsAndCounts) {
  const auto baselines = ByName(30, 0.7);
  EXPECT_EQ(baselines.size(), 6);
  const auto first = [&](const std::string& name) {
    return PrintExpression(baselines.at(name).published.at(0).expression);
  };
  EXPECT_EQ(first("uniform"), "uniform()");
  EXPECT_EQ(first("owl"), "span(-outliers(5), 0.08)");
  EXPECT_EQ(baselines.at("owl").published.at(0).settings, "M=5 lambda=0.08");
  EXPECT_EQ(baselines.at("owl").published.size(), 20);
  EXPECT_EQ(baselines.at("owl").widened.size(), 2);
  EXPECT_EQ(first("als"), "waterfill(-suffixmean(exp(-redundancy)) / size, 0.2, 0.2)");
  EXPECT_EQ(baselines.at("als").widened.size(), 3);
  EXPECT_EQ(first("arithmetic-progression"), "ramp(depth, 0.008)");
  EXPECT_EQ(baselines.at("arithmetic-progression").published.size(), 10);  // 0.002 to 0.020
  EXPECT_EQ(first("dsa-absvar"), "dsa(var(abs(WX)), 0.08)");
  EXPECT_EQ(first("dsa-logvar"), "dsa(asin(atan(var(abslog(WX)))), 0.08)");
  EXPECT_EQ(baselines.at("dsa-logvar").widened.size(), 3);
}

// The paper's counts of trials at 70 %.
TEST(Baselines, ProgressionGridIsThePapers) {
  const auto steps = [](int units, double target) {
    std::vector<double> grid;
    const auto baselines = ByName(units, target);
    if (!baselines.contains("arithmetic-progression")) return grid;
    for (const BaselineSetting& setting : baselines.at("arithmetic-progression").published) {
      grid.push_back(setting.expression.parameters[0]);
    }
    return grid;
  };
  EXPECT_EQ(steps(32, 0.7).size(), 9);
  EXPECT_THAT(steps(80, 0.7), ElementsAre(0.004, 0.002, 0.006));
  EXPECT_LE(steps(4, 0.7).size(), 16);
  for (const double beta : steps(4, 0.7)) EXPECT_LE(beta, 0.1);
  EXPECT_THAT(steps(401, 0.7), ElementsAre(::testing::DoubleEq(0.6 / 400)));
  EXPECT_TRUE(steps(1, 0.7).empty());
  for (const double target : {0.05, 0.3, 0.5, 0.95}) {
    for (const double beta : steps(30, target)) {
      EXPECT_LE(beta, 2 * std::min(target, 1 - target) / 29 + 1e-12);
    }
  }
}

TEST(Baselines, InfeasibleBoxesAreLeftOut) {
  const Baseline als = ByName(30, 0.88).at("als");
  EXPECT_TRUE(als.published.empty());
  ASSERT_EQ(als.widened.size(), 1);
  EXPECT_EQ(als.widened[0].settings, "delta=0.1");
  EXPECT_FALSE(ByName(30, 0.95).contains("als"));
}

TEST(Baselines, AllEvaluateForManyModels) {
  MersenneTwister random(31);
  for (const int units : {1, 2, 5, 30, 210, 2000}) {
    for (const double target : {0.05, 0.5, 0.7, 0.95}) {
      for (const Baseline& baseline : Baselines(units, target)) {
        for (const auto* settings : {&baseline.published, &baseline.widened}) {
          for (const BaselineSetting& setting : *settings) {
            FeatureTable table(std::vector<int64_t>(static_cast<size_t>(units), 4096));
            for (const std::string& feature : RequiredFeatures(setting.expression)) {
              ASSERT_TRUE(
                  table.Add(feature, HostileFeature(random, static_cast<size_t>(units))).ok());
            }
            EXPECT_TRUE(EvaluateAllocation(setting.expression, table, {target}).ok())
                << PrintExpression(setting.expression);
          }
        }
      }
    }
  }
}

// s_i = S - [2 lambda mm(D)_i - mean(2 lambda mm(D))] on the outlier percentages of the reference
// code.
TEST(Baselines, OwlIsThePublishedFormula) {
  const nlohmann::json oracle = Oracle();
  const auto percent = oracle["outlier_percent"]["5"].get<std::vector<double>>();
  FeatureTable table = OracleTable();
  ASSERT_TRUE(table.Add("outliers(5)", percent).ok());
  const Allocation allocation =
      *EvaluateAllocation(ByName(30, 0.7).at("owl").published[0].expression, table, {0.7});
  const auto [low, high] = std::minmax_element(percent.begin(), percent.end());
  std::vector<double> scaled;
  for (const double value : percent) scaled.push_back(0.16 * (value - *low) / (*high - *low));
  const double mean = std::accumulate(scaled.begin(), scaled.end(), 0.0) / 30;
  for (size_t i = 0; i < scaled.size(); ++i) {
    EXPECT_NEAR(allocation[i], 0.7 - (scaled[i] - mean), 1e-12) << i;
    // What the reference code pruned, rounded down to whole columns.
    const double pruned = oracle["pruned_block_sparsity"]["owl"][i].get<double>();
    EXPECT_LE(pruned, allocation[i] + 1e-6) << i;
    EXPECT_GE(pruned, allocation[i] - 1.0 / 576) << i;
  }
}

TEST(Baselines, ProgressionIsTheClosedForm) {
  const FeatureTable table(std::vector<int64_t>(30, 1000));
  const Allocation allocation = *EvaluateAllocation(
      ByName(30, 0.7).at("arithmetic-progression").published[0].expression, table, {0.7});
  for (int i = 1; i <= 30; ++i) {
    EXPECT_NEAR(allocation[static_cast<size_t>(i - 1)], 0.7 - 0.008 * 29 / 2 + 0.008 * (i - 1),
                1e-12);
  }
}

// By hand: the most retained density goes where the suffix mean of omega per weight is largest.
TEST(Baselines, AlsMaximisesTheRetainedImportance) {
  // omega = 0.1, 0.9, 0.5, 0.2 gives suffix means 0.425, 0.533, 0.35, 0.2; per size of 1, 2, 1, 1
  // (relative to the largest: 0.85, 0.533, 0.7, 0.4). 500 weights at 70 %: 250 zeros are dealt
  // at 0.5, 100 more go first to the last block (40), then to the second (60 of 80).
  FeatureTable table({100, 200, 100, 100});
  std::vector<double> redundancy;
  for (const double omega : {0.1, 0.9, 0.5, 0.2}) redundancy.push_back(-std::log(omega));
  ASSERT_TRUE(table.Add("redundancy", redundancy).ok());
  const Allocation allocation =
      *EvaluateAllocation(ByName(4, 0.7).at("als").published[0].expression, table, {0.7});
  EXPECT_THAT(allocation, ::testing::Pointwise(::testing::DoubleNear(1e-12),
                                               std::vector<double>{0.5, 0.8, 0.5, 0.9}));
}

}  // namespace
}  // namespace strata::expr
