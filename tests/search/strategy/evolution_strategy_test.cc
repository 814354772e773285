#include "search/strategy/evolution_strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

// The features of all work items that the engine hands out before it is told of any.
std::vector<std::string> FirstFeatures(Engine& engine) {
  std::vector<std::string> features;
  for (Action action = engine.Ask(); std::holds_alternative<WorkItem>(action);
       action = engine.Ask()) {
    const auto* profile = std::get_if<ProfileWork>(&std::get<WorkItem>(action).work);
    if (profile == nullptr) continue;
    features.insert(features.end(), profile->features.begin(), profile->features.end());
  }
  return features;
}

TEST(EvolutionStrategy, TheFeaturePoolIsMeasuredBesidesTheFeaturesOfTheSeeds) {
  EngineOptions options = SmallOptions(3, 10);
  options.strategy.surrogate.feature_pool = 40;
  const std::vector<std::string> all = FirstFeatures(*Make(options));
  options.strategy.surrogate.enabled = false;
  const std::vector<std::string> seeds = FirstFeatures(*Make(options));
  EXPECT_LT(seeds.size(), 40u);
  EXPECT_GE(all.size(), 40u);
  EXPECT_THAT(seeds, ::testing::IsSubsetOf(all));
  for (const std::string& feature : all) {
    EXPECT_EQ(std::count(all.begin(), all.end(), feature), 1) << feature << " is measured twice";
  }
}

EngineOptions DescentOptions(uint64_t seed, int64_t evaluations) {
  EngineOptions options = SmallOptions(seed, evaluations);
  options.strategy.population = 24;
  options.strategy.descent_interval = 10;
  options.strategy.surrogate.generations = 3;
  return options;
}

// The loss of the synthetic model has a closed form, and so have its slopes.
TEST(EvolutionStrategy, DescendsAlongSlopesAndBreedsFromThem) {
  Laboratory laboratory;
  const auto engine = Make(DescentOptions(1, 120));
  Drive(engine.get(), &laboratory, 2, 1);
  int descents = 0, improved = 0, with_slopes = 0;
  for (const Candidate& candidate : engine->candidates()) {
    const bool has_slopes = candidate.text.find("slopes(") != std::string::npos ||
                            candidate.text.find("descend(") != std::string::npos;
    if (candidate.lineage.origin != "descent") {
      with_slopes += has_slopes ? 1 : 0;
      continue;
    }
    ++descents;
    EXPECT_THAT(candidate.text, ::testing::StartsWith("descend("));
    ASSERT_EQ(candidate.lineage.parents.size(), 1u);
    const Candidate& parent =
        engine->candidates()[static_cast<size_t>(candidate.lineage.parents.front())];
    ASSERT_TRUE(candidate.fitness_nll && parent.fitness_nll) << candidate.text;
    improved += *candidate.fitness_nll < *parent.fitness_nll ? 1 : 0;
  }
  EXPECT_GE(descents, 3);
  EXPECT_GE(improved, 1);
  EXPECT_GT(with_slopes, 0);
}

TEST(EvolutionStrategy, SlopesSaveEvaluations) {
  double with = 0, without = 0;
  int better = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    EngineOptions options = DescentOptions(seed, 80);
    const double found = Best(options);
    options.strategy.descent_interval = 0;
    const double found_without = Best(options);
    with += found;
    without += found_without;
    better += found < found_without ? 1 : 0;
  }
  EXPECT_LT(with, without);
  EXPECT_GE(better, 7) << with / 10 << " with, " << without / 10 << " without";
}

TEST(EvolutionStrategy, DescentsDoNotDependOnTheNumberOfWorkers) {
  std::vector<std::string> found;
  for (const int workers : {1, 4}) {
    Laboratory laboratory;
    const auto engine = Make(DescentOptions(3, 70));
    Drive(engine.get(), &laboratory, workers, static_cast<uint64_t>(workers));
    found.push_back(Describe(engine->candidates()));
  }
  EXPECT_EQ(found[0], found[1]);
}

// A measurement of slopes counts as three evaluations.
TEST(EvolutionStrategy, SlopesCountAsEvaluations) {
  Laboratory laboratory;
  const auto engine = Make(DescentOptions(1, 60));
  Drive(engine.get(), &laboratory, 2, 1);
  // The steps of a line have one parent and one measurement of slopes.
  std::set<int64_t> lines;
  for (const Candidate& candidate : engine->candidates()) {
    if (candidate.lineage.origin == "descent") lines.insert(candidate.lineage.parents.front());
  }
  EXPECT_GT(lines.size(), 1u);
  EXPECT_EQ(engine->evaluations(),
            laboratory.evaluations(Stage::kSearch) + 3 * static_cast<int64_t>(lines.size()));
  EXPECT_LE(engine->evaluations(), 60 + 3);
}

}  // namespace
}  // namespace strata::search
