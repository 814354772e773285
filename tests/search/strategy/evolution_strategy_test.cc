#include "search/strategy/evolution_strategy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
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

std::unique_ptr<Engine> Searched(const EngineOptions& options) {
  Laboratory laboratory;
  auto engine = Make(options);
  Drive(engine.get(), &laboratory, 2, 1);
  return engine;
}

double BestOf(const Engine& engine) {
  double best = UniformNll();
  for (const Candidate& candidate : engine.candidates()) {
    best = std::min(best, candidate.fitness_nll.value_or(best));
  }
  return best;
}

double Best(const EngineOptions& options) { return BestOf(*Searched(options)); }

std::vector<std::string> ExpressionsOf(const Engine& engine) {
  std::vector<std::string> expressions;
  for (const Candidate& candidate : engine.candidates()) {
    expressions.push_back(candidate.text);
  }
  return expressions;
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

TEST(EvolutionStrategy, IslandsRestartsAndAdaptiveOperatorsSearchToo) {
  EngineOptions plain = SmallOptions(3, 120);
  plain.strategy.surrogate.enabled = false;
  const std::vector<std::string> without = ExpressionsOf(*Searched(plain));
  for (const int what : {0, 1, 2}) {
    EngineOptions options = plain;
    if (what == 0) {
      options.strategy.islands = 3;
      options.strategy.migration_interval = 5;
    }
    if (what == 1) options.strategy.restart_after = 5;
    if (what == 2) options.strategy.adaptive_operators = true;
    const auto engine = Searched(options);
    EXPECT_LT(BestOf(*engine), UniformNll() - 0.02) << what;
    EXPECT_FALSE(ExpressionsOf(*engine) == without) << what << " changes nothing";
  }
}

TEST(EvolutionStrategy, AnIslandBreedsFromItsOwn) {
  EngineOptions options = SmallOptions(3, 150);
  options.strategy.surrogate.enabled = false;
  options.strategy.islands = 2;
  options.strategy.migration_interval = 1000;
  options.baselines.clear();  // so that candidates are numbered as they are bred
  options.random_candidates = 0;
  Laboratory laboratory;
  const auto engine = Make(options);
  Drive(engine.get(), &laboratory, 2, 1);
  int parents = 0;
  for (const Candidate& candidate : engine->candidates()) {
    for (const int64_t parent : candidate.lineage.parents) {
      EXPECT_EQ(parent % 2, candidate.id % 2);
      ++parents;
    }
  }
  EXPECT_GT(parents, 50);
}

TEST(EvolutionStrategy, TheFeaturePoolIsMeasuredAfterTheFeaturesOfTheSeeds) {
  EngineOptions options = SmallOptions(3, 10);
  options.strategy.surrogate.feature_pool = 40;
  const auto engine = Make(options);
  const auto seeds = std::get<ProfileTask>(std::get<Task>(engine->Ask()).work).features;
  const auto pool = std::get<ProfileTask>(std::get<Task>(engine->Ask()).work).features;
  EXPECT_LT(seeds.size(), 40u);
  EXPECT_GE(seeds.size() + pool.size(), 40u);
  for (const std::string& feature : pool) {
    EXPECT_EQ(std::count(seeds.begin(), seeds.end(), feature), 0)
        << feature << " is measured twice";
  }
  options.strategy.surrogate.enabled = false;
  const auto without = Make(options);
  EXPECT_EQ(std::get<ProfileTask>(std::get<Task>(without->Ask()).work).features, seeds);
  const Action next = without->Ask();
  const auto* task = std::get_if<Task>(&next);
  EXPECT_TRUE(task == nullptr || std::holds_alternative<EvaluateTask>(task->work));
}

}  // namespace
}  // namespace strata::search
