#include "search/engine/baseline_rounds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/search/simulation.h"

namespace strata::search {
namespace {

EngineOptions WithBaselines(const std::vector<expr::Baseline>& baselines) {
  EngineOptions options;
  options.baselines = baselines;
  return options;
}

TEST(BaselineSeeds, DefaultsOfAllFirst) {
  const std::vector<expr::Baseline> baselines = SimulatedBaselines();
  const std::vector<Seed> seeds = BaselineSeeds(WithBaselines(baselines));
  size_t settings = 0;
  for (size_t b = 0; b < baselines.size(); ++b) {
    EXPECT_EQ(seeds[b].baseline, static_cast<int>(b));
    EXPECT_EQ(seeds[b].expression, baselines[b].published[0].expression);
    EXPECT_EQ(seeds[b].name.find(baselines[b].name), 0u);
    settings += baselines[b].published.size() + baselines[b].widened.size();
  }
  EXPECT_EQ(seeds.size(), settings);
  EXPECT_EQ(seeds[0].name, "uniform");
  EXPECT_EQ(seeds[1].name, "owl M=5 lambda=0.08");
}

TEST(BaselineSeeds, ABaselineWithoutAUsableDefaultStartsWithItsNextSetting) {
  std::vector<expr::Baseline> baselines = SimulatedBaselines();
  baselines[1].published.clear();
  const expr::Expression first = baselines[1].widened[0].expression;
  EXPECT_EQ(BaselineSeeds(WithBaselines(baselines))[1].expression, first);
}

TEST(BaselineSeeds, WhatNeedsFeaturesThatTakeLongComesLast) {
  std::vector<expr::Baseline> baselines = SimulatedBaselines();
  baselines[0].needs.spectra = true;
  const std::vector<Seed> seeds = BaselineSeeds(WithBaselines(baselines));
  EXPECT_EQ(seeds.front().baseline, 1);
  EXPECT_EQ(seeds.back().baseline, 0);
}

TEST(TuningSeeds, AreTheUnmeasuredNeighboursOfTheBestSettings) {
  EngineOptions options = WithBaselines(SimulatedBaselines());
  options.baseline_settings = BaselineSettings::kTuned;
  const std::vector<Seed> seeds = BaselineSeeds(options);
  EXPECT_LT(seeds.size(), BaselineSeeds(WithBaselines(options.baselines)).size());
  // Seed by seed worse, so that the first baselines are the better half and their defaults the best
  // settings.
  std::vector<std::optional<double>> fitness;
  for (size_t i = 0; i < seeds.size(); ++i) fitness.emplace_back(1.0 + static_cast<double>(i));
  const std::vector<Seed> tuning = TuningSeeds(options, seeds, fitness);
  std::set<std::string> names;
  for (const Seed& seed : tuning) {
    names.insert(seed.name);
    EXPECT_LT(seed.baseline, static_cast<int>((options.baselines.size() + 1) / 2));
    for (const Seed& measured : seeds) EXPECT_NE(seed.name, measured.name);
  }
  EXPECT_EQ(names.size(), tuning.size());
  EXPECT_TRUE(names.contains("owl M=5 lambda=0.05")) << "below the default";
  EXPECT_TRUE(names.contains("owl M=5 lambda=0.1")) << "above the default";
  options.baseline_settings = BaselineSettings::kAll;
  EXPECT_TRUE(TuningSeeds(options, seeds, fitness).empty());
}

TEST(TuningSeeds, BriefOnesAreTheDefaultsThenNeighboursOfTheThreeBest) {
  EngineOptions options = WithBaselines(SimulatedBaselines());
  options.baseline_settings = BaselineSettings::kBrief;
  const std::vector<Seed> seeds = BaselineSeeds(options);
  ASSERT_EQ(seeds.size(), options.baselines.size());
  std::vector<std::optional<double>> fitness;
  for (size_t i = 0; i < seeds.size(); ++i) fitness.emplace_back(10.0 - static_cast<double>(i));
  std::set<int> best, tuned;
  for (size_t i = seeds.size() - 3; i < seeds.size(); ++i) best.insert(seeds[i].baseline);
  const std::vector<Seed> tuning = TuningSeeds(options, seeds, fitness);
  for (const Seed& seed : tuning) tuned.insert(seed.baseline);
  EXPECT_TRUE(std::includes(best.begin(), best.end(), tuned.begin(), tuned.end()));
  EXPECT_GT(tuning.size(), 0u);
  EXPECT_LE(tuning.size(), 6u);
}

TEST(BaselineRounds, KnowTheirCandidates) {
  EngineOptions options = WithBaselines(SimulatedBaselines());
  options.baseline_settings = BaselineSettings::kTuned;
  BaselineRounds rounds(options);
  EXPECT_FALSE(rounds.has_tuning());
  rounds.Add(3, rounds.first_round()[1]);
  EXPECT_TRUE(rounds.Contains(3));
  EXPECT_FALSE(rounds.Contains(1));
  std::vector<std::optional<double>> fitness(rounds.first_round().size());
  fitness[1] = 2.0;
  rounds.PlanTuning(fitness);
  ASSERT_TRUE(rounds.has_tuning());
  EXPECT_EQ(rounds.TakeTuning().baseline, rounds.first_round()[1].baseline);
}

}  // namespace
}  // namespace strata::search
