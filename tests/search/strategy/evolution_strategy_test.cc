#include "search/strategy/evolution_strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/search/simulation.h"

namespace strata::search {
namespace {

std::unique_ptr<Engine> Make(const EngineOptions& options) {
  auto engine = Engine::Create(options, SyntheticLayout());
  EXPECT_TRUE(engine.ok()) << engine.status();
  return *std::move(engine);
}

double Best(const EngineOptions& options) {
  Laboratory laboratory;
  const auto engine = Make(options);
  Drive(engine.get(), &laboratory, 2, 1);
  double best = UniformNll();
  for (const Candidate& candidate : engine->candidates()) {
    best = std::min(best, candidate.fitness_nll.value_or(best));
  }
  return best;
}

TEST(EvolutionStrategy, ForecastsAreRecordedAndTurnOutRight) {
  Laboratory laboratory;
  const auto engine = Make(SyntheticOptions(1, 150));
  Drive(engine.get(), &laboratory, 2, 1);
  std::vector<std::pair<double, double>> forecast_and_found;
  int without = 0;
  for (const Candidate& candidate : engine->candidates()) {
    if (!candidate.fitness_nll || candidate.id < 60) continue;
    without += candidate.forecast ? 0 : 1;
    if (!candidate.forecast) continue;
    forecast_and_found.emplace_back(candidate.forecast->nll, *candidate.fitness_nll);
    EXPECT_GE(candidate.forecast->deviation, 0);
  }
  EXPECT_GT(forecast_and_found.size(), 50u);
  EXPECT_GT(without, 3);  // the unfiltered share
  int pairs = 0, right = 0;
  for (const auto& a : forecast_and_found) {
    for (const auto& b : forecast_and_found) {
      if (!(a.first < b.first)) continue;
      ++pairs;
      right += a.second < b.second ? 1 : 0;
    }
  }
  EXPECT_GT(right, 0.65 * pairs);
}

// On ten seeds together: each of them alone may be lucky without it.
TEST(EvolutionStrategy, TheSurrogateSavesEvaluations) {
  double with = 0, without = 0;
  int better = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    EngineOptions options = SmallOptions(seed, 120);
    options.strategy.population = 24;
    const double found = Best(options);
    options.strategy.surrogate.enabled = false;
    const double found_without = Best(options);
    with += found;
    without += found_without;
    better += found < found_without ? 1 : 0;
  }
  EXPECT_LT(with, without);
  EXPECT_GE(better, 7) << with / 10 << " with, " << without / 10 << " without";
}

// The features of the next work item that measures any; work items before it stay out. Empty if
// there is none.
std::vector<std::string> NextFeatures(Engine& engine) {
  for (Action action = engine.Ask(); std::holds_alternative<WorkItem>(action);
       action = engine.Ask()) {
    const WorkItem& item = std::get<WorkItem>(action);
    if (const auto* profile = std::get_if<ProfileWork>(&item.work)) return profile->features;
  }
  return {};
}

TEST(EvolutionStrategy, TheFeaturePoolIsMeasuredAfterTheFeaturesOfTheSeeds) {
  EngineOptions options = SmallOptions(3, 10);
  options.strategy.surrogate.feature_pool = 40;
  const auto engine = Make(options);
  const std::vector<std::string> seeds = NextFeatures(*engine);
  const std::vector<std::string> pool = NextFeatures(*engine);
  EXPECT_LT(seeds.size(), 40u);
  EXPECT_GE(seeds.size() + pool.size(), 40u);
  for (const std::string& feature : pool) {
    EXPECT_EQ(std::count(seeds.begin(), seeds.end(), feature), 0)
        << feature << " is measured twice";
  }
  options.strategy.surrogate.enabled = false;
  const auto without = Make(options);
  EXPECT_EQ(NextFeatures(*without), seeds);
  EXPECT_THAT(NextFeatures(*without), ::testing::IsEmpty());
}

}  // namespace
}  // namespace strata::search
