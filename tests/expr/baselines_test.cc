#include "expr/baselines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "expr/allocation.h"
#include "expr/feature_table.h"
#include "tests/expr/oracle.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

UnitLayout EqualBlocks(int blocks) {
  return SquareBlocks(std::vector<int64_t>(static_cast<size_t>(blocks), 4096));
}

// Blocks of `linears` linears, the last three of them feed-forward.
UnitLayout BlocksOfLinears(int blocks, int linears) {
  UnitLayout layout;
  for (int block = 0; block < blocks; ++block) {
    for (int i = 0; i < linears; ++i) {
      layout.push_back({1000 + 700 * i, block,
                        i + 3 < linears ? UnitKind::kAttention : UnitKind::kFeedForward,
                        60 + 10 * i});
    }
  }
  return layout;
}

std::map<std::string, Baseline> ByName(std::vector<Baseline> list) {
  std::map<std::string, Baseline> baselines;
  for (Baseline& baseline : list) {
    const std::string name = baseline.name;
    EXPECT_TRUE(baselines.emplace(name, std::move(baseline)).second) << name;
  }
  return baselines;
}

std::map<std::string, Baseline> ByName(int units, double target) {
  return ByName(Library(EqualBlocks(units), target));
}

std::vector<std::string> Names(const std::vector<Baseline>& baselines) {
  std::vector<std::string> names;
  for (const Baseline& baseline : baselines) names.push_back(baseline.name);
  return names;
}

TEST(Baselines, NamesDefaultsAndCounts) {
  const auto baselines = ByName(30, 0.7);
  const auto first = [&](const std::string& name) {
    return PrintExpression(baselines.at(name).published.at(0).expression);
  };
  EXPECT_EQ(first("uniform"), "uniform()");
  EXPECT_EQ(first("er-plus"), "density(fan + 1000 * last)");
  EXPECT_EQ(first("global"), "direct(below(WX, 0.7))");
  EXPECT_EQ(first("owl"), "span(-outliers(5), 0.08)");
  EXPECT_EQ(baselines.at("owl").published.at(0).settings, "M=5 lambda=0.08");
  EXPECT_EQ(baselines.at("owl").published.size(), 20);
  EXPECT_EQ(baselines.at("owl").widened.size(), 2);
  EXPECT_EQ(first("owl-nm"), "nm(-outliers(6), 0.125, 8)");
  EXPECT_EQ(first("als"), "waterfill(-suffixmean(exp(-redundancy)) / size, 0.2, 0.2)");
  EXPECT_EQ(baselines.at("als").widened.size(), 3);
  EXPECT_EQ(first("arithmetic-progression"), "ramp(depth, 0.008)");
  EXPECT_EQ(baselines.at("arithmetic-progression").published.size(), 10);  // 0.002 to 0.020
  EXPECT_EQ(first("alphapruning"), "proportion(alpha, 0.3)");
  EXPECT_EQ(first("dsa-absvar"), "dsa(var(abs(WX)), 0.08)");
  EXPECT_EQ(first("dsa-logvar"), "dsa(asin(atan(var(abslog(WX)))), 0.08)");
  EXPECT_EQ(baselines.at("dsa-logvar").widened.size(), 3);
}

TEST(Baselines, EveryFunctionOfTheLibraryIsDescribed) {
  std::set<std::string> titles;
  for (const Baseline& baseline : Library(EqualBlocks(32), 0.5)) {
    EXPECT_TRUE(baseline.left_out.empty()) << baseline.name << ": " << baseline.left_out;
    EXPECT_FALSE(baseline.published.empty()) << baseline.name;
    EXPECT_TRUE(titles.insert(baseline.title).second) << baseline.name;
    EXPECT_EQ(baseline.words.back(), '.') << baseline.name;
    for (const std::string* text : {&baseline.source, &baseline.formula, &baseline.default_is}) {
      EXPECT_FALSE(text->empty()) << baseline.name;
    }
    std::set<std::string> settings;
    for (const auto* grid : {&baseline.published, &baseline.widened}) {
      for (const BaselineSetting& setting : *grid) {
        EXPECT_TRUE(settings.insert(setting.settings).second)
            << baseline.name << " has " << setting.settings << " twice";
      }
    }
  }
}

// The paper's counts of trials at 70 %.
TEST(Baselines, ProgressionGridIsThePapers) {
  const auto steps = [](int units, double target) {
    std::vector<double> grid;
    const auto baselines = ByName(units, target);
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
  EXPECT_THAT(ByName(1, 0.7).at("arithmetic-progression").left_out, HasSubstr("two blocks"));
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
  EXPECT_THAT(ByName(30, 0.95).at("als").left_out, HasSubstr("0.95"));
  EXPECT_FALSE(ByName(Baselines(EqualBlocks(30), 0.95)).contains("als"));
}

TEST(Baselines, UnreachableTargetsAreLeftOut) {
  EXPECT_FALSE(ByName(30, 0.7).at("owl-nm").published.empty());
  EXPECT_THAT(ByName(30, 0.701).at("owl-nm").left_out, HasSubstr("0.701"));
  EXPECT_THAT(ByName(30, 0.005).at("global").left_out, HasSubstr("0.005"));
  EXPECT_FALSE(ByName(2, 0.5).at("er-plus").left_out.empty()) << "one of two would be all";
  EXPECT_TRUE(ByName(3, 0.5).at("er-plus").left_out.empty());
}

TEST(Baselines, AreThoseOfTheGranularity) {
  const std::vector<std::string> blocks = Names(Baselines(EqualBlocks(8), 0.5));
  const std::vector<std::string> kinds = Names(Baselines(BlocksOfLinears(8, 2), 0.5));
  const std::vector<std::string> linears = Names(Baselines(BlocksOfLinears(8, 7), 0.5));
  EXPECT_THAT(blocks, ::testing::IsSupersetOf({"als", "shortgpt", "owl"}));
  EXPECT_THAT(blocks, ::testing::Not(::testing::Contains("er")));
  EXPECT_THAT(kinds, ::testing::IsSupersetOf({"er", "er-plus", "owl"}));
  EXPECT_THAT(kinds, ::testing::Not(::testing::Contains("als-intra")));
  EXPECT_THAT(linears, ::testing::IsSupersetOf({"er", "als-intra", "owl"}));
  EXPECT_THAT(linears, ::testing::Not(::testing::Contains("als")));
  for (const auto* names : {&blocks, &kinds, &linears}) {
    EXPECT_THAT(*names, ::testing::Not(::testing::Contains("owl-nm"))) << "gives patterns";
  }
}

TEST(Baselines, WhatTheyNeedCanBeRuledOut) {
  const UnitLayout layout = EqualBlocks(8);
  const auto names = [&](const BaselineSelection& selection) {
    return Names(Baselines(layout, 0.5, selection));
  };
  EXPECT_THAT(names({}), ::testing::Contains("alphapruning"));
  EXPECT_THAT(names({}), ::testing::Not(::testing::Contains("ecoflap")));
  EXPECT_THAT(names({.gradient_free = true}), ::testing::Contains("ecoflap"));
  EXPECT_THAT(names({.spectra = false}), ::testing::Not(::testing::Contains("alphapruning")));
  EXPECT_EQ(NeedsOf(Parsed("span(mean(abs(G)) + stablerank(W), 0.1)")),
            (Needs{.features = true, .gradients = true, .spectra = true}));
  EXPECT_EQ(NeedsOf(Parsed("ramp(depth, 0.01)")), Needs{});
}

TEST(Baselines, AllEvaluateForManyModels) {
  MersenneTwister random(31);
  for (const UnitLayout& layout :
       {EqualBlocks(1), EqualBlocks(2), EqualBlocks(5), EqualBlocks(30), EqualBlocks(300),
        BlocksOfLinears(6, 2), BlocksOfLinears(6, 7)}) {
    for (const double target : {0.05, 0.5, 0.7, 0.95}) {
      for (const Baseline& baseline : Library(layout, target)) {
        // Patterns of groups cannot be had for every layout at every sparsity.
        if (!baseline.unstructured) continue;
        for (const auto* settings : {&baseline.published, &baseline.widened}) {
          for (const BaselineSetting& setting : *settings) {
            FeatureTable table(layout);
            for (const std::string& feature : RequiredFeatures(setting.expression)) {
              ASSERT_TRUE(table.Add(feature, HostileFeature(random, layout.size())).ok());
            }
            const auto allocation = EvaluateAllocation(setting.expression, table, {target});
            ASSERT_TRUE(allocation.ok()) << PrintExpression(setting.expression) << ": "
                                         << std::string(allocation.status().message());
            EXPECT_NEAR(MeanSparsity(*allocation, table.parameters()), target, 1e-12);
          }
        }
      }
    }
  }
}

TEST(FindPublished, ReadsSettings) {
  const UnitLayout layout = EqualBlocks(30);
  const auto text = [&](std::string_view reference) {
    const auto setting = FindPublished(reference, layout, 0.7);
    return setting.ok() ? PrintExpression(setting->expression)
                        : std::string(setting.status().message());
  };
  EXPECT_EQ(text("owl"), "span(-outliers(5), 0.08)");
  EXPECT_EQ(text("owl M=7"), "span(-outliers(7), 0.08)");
  EXPECT_EQ(text(" owl  lambda=0.33 M=12 "), "span(-outliers(12), 0.33)") << "in no grid";
  EXPECT_EQ(FindPublished("owl lambda=0.33", layout, 0.7)->settings, "M=5 lambda=0.33");
  EXPECT_EQ(text("global"), "direct(below(WX, 0.7))");

  EXPECT_THAT(text("owls"), HasSubstr("nearest is 'owl'"));
  EXPECT_THAT(text(""), HasSubstr("no function ''"));
  EXPECT_THAT(text("owl N=7"), HasSubstr("with a name of M, lambda, found 'N=7'"));
  EXPECT_THAT(text("owl 7"), HasSubstr("found '7'"));
  EXPECT_THAT(text("owl M=x"), HasSubstr("expected a number for M, found 'x'"));
  EXPECT_THAT(text("owl M=7.5"), HasSubstr("M=7.5"));
  EXPECT_THAT(text("owl lambda=9"), HasSubstr("between 0.005 and 0.5"));
  EXPECT_THAT(text("uniform M=1"), HasSubstr("it has none"));
  EXPECT_EQ(FindPublished("als", layout, 0.95).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FindPublished("nothing", layout, 0.7).status().code(), absl::StatusCode::kNotFound);
}

// s_i = S - [2 lambda mm(D)_i - mean(2 lambda mm(D))] on the outlier percentages of the reference
// code.
TEST(Baselines, OwlIsWhatTheReferencePruned) {
  const nlohmann::json oracle = Oracle();
  FeatureTable table = OracleTable();
  ASSERT_TRUE(
      table.Add("outliers(5)", oracle["outlier_percent"]["5"].get<std::vector<double>>()).ok());
  const Allocation allocation =
      *EvaluateAllocation(ByName(30, 0.7).at("owl").published[0].expression, table, {0.7});
  for (size_t i = 0; i < 30; ++i) {
    // What the reference code pruned, rounded down to whole columns.
    const double pruned = oracle["pruned_block_sparsity"]["owl"][i].get<double>();
    EXPECT_LE(pruned, allocation[i] + 1e-6) << i;
    EXPECT_GE(pruned, allocation[i] - 1.0 / 576) << i;
  }
}

// By hand: the most retained density goes where the suffix mean of omega per weight is largest.
TEST(Baselines, AlsMaximisesTheRetainedImportance) {
  // omega = 0.1, 0.9, 0.5, 0.2 gives suffix means 0.425, 0.533, 0.35, 0.2; per size of 1, 2, 1, 1
  // (relative to the largest: 0.85, 0.533, 0.7, 0.4). 500 weights at 70 %: 250 zeros are dealt
  // at 0.5, 100 more go first to the last block (40), then to the second (60 of 80).
  FeatureTable table(SquareBlocks({100, 200, 100, 100}));
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
