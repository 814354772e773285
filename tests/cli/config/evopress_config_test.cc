#include "cli/config/evopress_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/config/run_config_plan.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Rung = search::EvoPressRung;

RunConfig Load(std::vector<std::string> settings) {
  settings.insert(settings.end(), {"model=m", "text=t", "run=r", "fitness.arithmetic=fp32"});
  const auto config = LoadRunConfig("", settings);
  EXPECT_TRUE(config.ok()) << config.status();
  return *config;
}

std::string Refusal(const std::vector<std::string>& settings) {
  return std::string(ValidateRunConfig(Load(settings)).message());
}

std::vector<Rung> RungsOf(const std::vector<std::string>& settings) {
  const auto options = EvoPressOptionsOf(Load(settings));
  EXPECT_TRUE(options.ok()) << options.status();
  return options->rungs;
}

TEST(EvoPressConfigTest, RungsAreThoseOfThePaperAsFarAsThereAreWindows) {
  EXPECT_THAT(RungsOf({"selection.windows=64"}), ElementsAre(Rung{2, 8}, Rung{16, 2}));
  EXPECT_THAT(RungsOf({"selection.windows=8"}), ElementsAre(Rung{1, 8}, Rung{2, 2}));
  EXPECT_THAT(RungsOf({"selection.windows=4"}), ElementsAre(Rung{1, 2}));
  EXPECT_THAT(RungsOf({"selection.windows=1"}), IsEmpty());
  EXPECT_THAT(RungsOf({"selection.windows=8", "refine.evopress_offspring=3"}),
              ElementsAre(Rung{1, 3}, Rung{2, 2}));
  EXPECT_THAT(RungsOf({"selection.windows=8", "refine.evopress_rungs=[3 10]"}),
              ElementsAre(Rung{3, 10}));
}

TEST(EvoPressConfigTest, RungsThatDoNotRiseAndFallAreRefused) {
  for (const char* rungs : {"[8 4]", "[4 8, 4 2]", "[1 65]", "[1 2, 2 3]", "[1 0]", "[0 4]", "[1]",
                            "[1 2 3]", "[one 2]"}) {
    EXPECT_THAT(Refusal({std::string("refine.evopress_rungs=") + rungs}),
                AllOf(HasSubstr("--set: 'refine.evopress_rungs'"), HasSubstr("WINDOWS SURVIVORS")))
        << rungs;
  }
}

TEST(EvoPressConfigTest, TheSettingsReachTheRefinementAndItsRungs) {
  const RunConfig config =
      Load({"refine.evaluations=30", "refine.method=evopress", "refine.start=baseline",
            "refine.evopress_offspring=20", "refine.evopress_levels=4",
            "refine.evopress_level_step=0.02", "refine.evopress_rungs=[1 6, 3 2]"});
  const auto refinement = RefinementOptionsOf(config);
  ASSERT_TRUE(refinement.ok() && refinement->has_value()) << refinement.status();
  EXPECT_EQ((*refinement)->method, search::RefinementMethod::kEvoPress);
  EXPECT_EQ((*refinement)->start, search::RefinementStart::kBaseline);
  EXPECT_EQ((*refinement)->evaluations, 30);
  EXPECT_FALSE((*refinement)->slopes);
  EXPECT_EQ((*refinement)->evopress.offspring, 20);
  EXPECT_EQ((*refinement)->evopress.levels, 4);
  EXPECT_EQ((*refinement)->evopress.level_step, 0.02);
  EXPECT_EQ((*refinement)->evopress.windows, config.selection_windows);
  const auto plan = MeasurementPlanOf(config);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->refine_rungs.size(), 2u);
  EXPECT_EQ(plan->refine_rungs[1].windows, 3);
  EXPECT_EQ(plan->refine_rungs[1].protocol, plan->refine.protocol);
  EXPECT_EQ(plan->refine.windows, config.selection_windows);
  EXPECT_THAT(MeasurementPlanOf(Load({"refine.evaluations=30"}))->refine_rungs, IsEmpty());
}

TEST(EvoPressConfigTest, TheStrategySetsWhatGoesWithIt) {
  const RunConfig config =
      Load({"search.strategy=evopress", "search.maximum_evaluations=40", "granularity=linear"});
  EXPECT_TRUE(ValidateRunConfig(config).ok()) << ValidateRunConfig(config);
  EXPECT_EQ(config.refine_method, search::RefinementMethod::kEvoPress);
  EXPECT_EQ(config.refine_start, search::RefinementStart::kUniform);
  EXPECT_EQ(config.random_candidates, 0);
  EXPECT_EQ(RefineEvaluationsOf(config), 40);
  EXPECT_FALSE(RefinesAlongSlopes(config));
  const auto engine = EngineOptionsOf(config, expr::SquareBlocks({4096, 4096}));
  ASSERT_TRUE(engine.ok()) << engine.status();
  EXPECT_EQ(engine->maximum_evaluations, 0) << "the baselines are no part of the budget";
  const RunConfig other = Load({"search.maximum_evaluations=40"});
  EXPECT_EQ(other.refine_method, search::RefinementMethod::kDescent);
  EXPECT_EQ(RefineEvaluationsOf(other), 0);
  EXPECT_FALSE(RefinementOptionsOf(other)->has_value());
}

TEST(EvoPressConfigTest, WhatContradictsTheStrategyIsRefused) {
  const auto refusal = [](const std::string& setting) {
    return Refusal({"search.strategy=evopress", "search.maximum_evaluations=40", setting});
  };
  EXPECT_THAT(refusal("refine.method=descent"),
              AllOf(HasSubstr("'refine.method' must be evopress"), HasSubstr("found descent")));
  EXPECT_THAT(refusal("search.maximum_evaluations=0"),
              HasSubstr("'search.maximum_evaluations' must be above 0"));
  EXPECT_THAT(refusal("refine.evaluations=9"), HasSubstr("'refine.evaluations' must be 0"));
  EXPECT_THAT(refusal("search.random_candidates=2"),
              HasSubstr("'search.random_candidates' must be 0"));
  EXPECT_THAT(refusal("robust.sparsities=[0.5]"), HasSubstr("'robust.sparsities' must be none"));
  EXPECT_THAT(refusal("search.seed=3"), IsEmpty());
  EXPECT_THAT(Refusal({"refine.method=evopress", "group=4", "target_sparsity=0.5",
                       "refine.evopress_level_step=0.1"}),
              HasSubstr("'refine.evopress_level_step' must be 0 with a group"));
}

}  // namespace
}  // namespace strata::cli
