#include "search/engine/engine_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "tests/search/simulation.h"

namespace strata::search {
namespace {

using ::testing::HasSubstr;

TEST(ValidateOptions, AcceptsTheDefaults) {
  EXPECT_TRUE(ValidateOptions(SyntheticOptions(1, 200), SyntheticLayout()).ok());
  EXPECT_TRUE(ValidateOptions(EngineOptions(), expr::SquareBlocks({1})).ok());
}

TEST(ValidateOptions, NamesTheImpossibleOption) {
  struct Case {
    std::function<void(EngineOptions*)> change;
    const char* expected;
  };
  const Case cases[] = {
      {[](auto* o) { o->target.sparsity = 1.0; }, "1"},
      {[](auto* o) { o->target.sparsity = 0.0; }, "0"},
      {[](auto* o) { o->lag = 0; }, "lag must be from 1 to 10000, found 0"},
      {[](auto* o) { o->lag = 10001; }, "lag must be from 1 to 10000, found 10001"},
      {[](auto* o) { o->strategy.population = 0; }, "population must be from 1 to 1000, found 0"},
      {[](auto* o) { o->strategy.population = 1001; },
       "population must be from 1 to 1000, found 1001"},
      {[](auto* o) { o->finalists = 0; }, "finalists must be at least 1, found 0"},
      {[](auto* o) { o->random_candidates = -1; },
       "random_candidates must be from 0 to 10000, found -1"},
      {[](auto* o) { o->random_candidates = 10001; },
       "random_candidates must be from 0 to 10000, found 10001"},
      {[](auto* o) { o->maximum_evaluations = -5; },
       "maximum_evaluations must be at least 0, found -5"},
      {[](auto* o) { o->stagnation_evaluations = -1; },
       "stagnation_evaluations must be at least 0, found -1"},
      {[](auto* o) { o->ladder.rungs = 0; }, "ladder.rungs must be from 1 to 8, found 0"},
      {[](auto* o) { o->ladder.rivals = 0; }, "ladder.rivals must be from 1 to 1000, found 0"},
      {[](auto* o) { o->objectives = {}; }, "'loss' first, found []"},
      {[](auto* o) {
         o->objectives = {"complexity", "loss"};
       },
       "found [complexity, loss]"},
      {[](auto* o) {
         o->objectives = {"loss", "a", "a"};
       },
       "different names"},
      {[](auto* o) {
         o->objectives = {"loss", "a", "b", "c", "d"};
       },
       "1 to 4"},
      {[](auto* o) { o->epsilon = -1; }, "epsilon must be finite and not negative, found -1"},
      {[](auto* o) { o->strategy.surrogate.proposals = 0; }, "surrogate.proposals"},
      {[](auto* o) { o->strategy.surrogate.amplitude_steps = -1; }, "surrogate.amplitude_steps"},
      {[](auto* o) { o->strategy.surrogate.minimum_points = 1; }, "surrogate.minimum_points"},
      {[](auto* o) { o->strategy.surrogate.maximum_points = 2001; }, "surrogate.maximum_points"},
      {[](auto* o) { o->strategy.surrogate.feature_pool = -1; }, "surrogate.feature_pool"},
      {[](auto* o) { o->strategy.surrogate.unfiltered_share = 1.5; }, "unfiltered_share"},
      {[](auto* o) { o->strategy.surrogate.loss_share = -0.5; }, "loss_share"},
      {[](auto* o) { o->strategy.surrogate.optimism = -1; }, "optimism"},
      {[](auto* o) { o->strategy.surrogate.trust_radius = 1.5; }, "trust_radius"},
      {[](auto* o) {
         o->warm_start = {{"x", *expr::ParseExpression("depth")}};
       },
       "warm start x"},
      {[](auto* o) { o->strategy.variation.maximum_nodes = 1; }, "maximum_nodes"},
      {[](auto* o) { o->strategy.variation.crossover_probability = 1.5; }, "crossover_probability"},
      {[](auto* o) { o->strategy.variation.insert_weight = -1; }, "weights"},
      {[](auto* o) { o->strategy.variation.sources = {"depht"}; },
       "'depht', the nearest is 'depth'"},
      {[](auto* o) { o->strategy.variation.sources = {}; }, "sources"},
      {[](auto* o) { o->baselines[1].published.clear(), o->baselines[1].widened.clear(); }, "owl"},
      {[](auto* o) { o->baselines[0].published[0].expression = *expr::ParseExpression("depth"); },
       "uniform"},
  };
  for (const Case& c : cases) {
    EngineOptions options = SyntheticOptions(1, 200);
    c.change(&options);
    const absl::Status status = ValidateOptions(options, SyntheticLayout());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.expected;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.expected));
    EXPECT_FALSE(Engine::Create(options, SyntheticLayout()).ok());
  }
  EXPECT_FALSE(ValidateOptions(EngineOptions(), {}).ok());
  EXPECT_THAT(std::string(ValidateOptions(EngineOptions(), expr::SquareBlocks({5, 0})).message()),
              HasSubstr("unit 1"));
}

TEST(IdentityText, ChangesWithWhatChangesTheCandidatesOnly) {
  const EngineOptions options = SyntheticOptions(1, 200);
  const std::string text = IdentityText(options, SyntheticLayout());
  EngineOptions same = options;
  same.maximum_evaluations = 300;
  same.finalists = 9;
  EXPECT_EQ(IdentityText(same, SyntheticLayout()), text);

  std::set<std::string> texts = {text, IdentityText(options, expr::SquareBlocks({1, 2}))};
  const std::function<void(EngineOptions*)> changes[] = {
      [](auto* o) { o->seed = 2; },
      [](auto* o) { o->target.sparsity = std::nextafter(0.7, 1.0); },
      [](auto* o) { o->target.group = 8; },
      [](auto* o) { o->lag = 9; },
      [](auto* o) { o->simplifies = false; },
      [](auto* o) { o->strategy.population = 23; },
      [](auto* o) { o->strategy.kind = StrategyKind::kRandom; },
      [](auto* o) { o->strategy.kind = StrategyKind::kEvoPress; },
      [](auto* o) { o->strategy.descent_interval = 6; },
      [](auto* o) { o->strategy.surrogate.enabled = false; },
      [](auto* o) { o->strategy.surrogate.proposals += 1; },
      [](auto* o) { o->strategy.surrogate.amplitude_steps += 1; },
      [](auto* o) { o->strategy.surrogate.unfiltered_share = 0.77; },
      [](auto* o) { o->strategy.surrogate.loss_share = 0.77; },
      [](auto* o) { o->strategy.surrogate.optimism = 0.77; },
      [](auto* o) { o->strategy.surrogate.trust_radius = 0.05; },
      [](auto* o) { o->strategy.surrogate.minimum_points += 1; },
      [](auto* o) { o->strategy.surrogate.maximum_points += 1; },
      [](auto* o) { o->strategy.surrogate.feature_pool += 1; },
      [](auto* o) { o->objectives = {kLoss}; },
      [](auto* o) { o->epsilon = 0.5; },
      [](auto* o) { o->ladder.rungs = 2; },
      [](auto* o) { o->ladder.rivals = 2; },
      [](auto* o) {
        o->warm_start = {{"x", *expr::ParseExpression("uniform()")}};
      },
      [](auto* o) { o->random_candidates = 7; },
      [](auto* o) { o->strategy.variation.delete_weight = 1.5; },
      [](auto* o) { o->strategy.variation.sources.pop_back(); },
      [](auto* o) { o->strategy.variation.excluded.pop_back(); },
      [](auto* o) { o->strategy.variation.hoist_weight = 0; },
      [](auto* o) {
        o->strategy.variation.library.push_back(o->baselines[0].published[0].expression);
      },
      [](auto* o) { o->baselines.pop_back(); },
      [](auto* o) { std::swap(o->baselines[0], o->baselines[1]); }};
  for (const auto& change : changes) {
    EngineOptions changed = options;
    change(&changed);
    texts.insert(IdentityText(changed, SyntheticLayout()));
  }
  EXPECT_EQ(texts.size(), 2 + std::size(changes));
}

}  // namespace
}  // namespace strata::search
