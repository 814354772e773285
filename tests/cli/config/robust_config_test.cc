#include "cli/config/robust_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RunConfig Robust() {
  const auto config = RunConfigFromYaml(
      "model: a/A.gguf\ntext: t.txt\nrun: r\ntarget_sparsity: 0.7\n"
      "robust:\n  sparsities: [0.5, 0.6]\n  models: [B.gguf]\n  texts: [u.txt]\n",
      "x.yaml");
  EXPECT_TRUE(config.ok()) << config.status();
  return *config;
}

TEST(RobustConfig, AnOrdinarySearchHasOneScenario) {
  RunConfig config;
  config.model = "A.gguf";
  config.text = "t.txt";
  EXPECT_TRUE(CheckRobust(config).ok());
  EXPECT_EQ(SubjectsOf(config).size(), 1u);
  EXPECT_THAT(ScenarioNames(config), IsEmpty());
  EXPECT_THAT(RobustOptionsOf(config, {})->further, IsEmpty());
}

TEST(RobustConfig, EveryModelWithEveryTextAtEverySparsity) {
  const RunConfig config = Robust();
  ASSERT_TRUE(CheckRobust(config).ok()) << CheckRobust(config);
  ASSERT_EQ(SubjectsOf(config).size(), 4u);
  EXPECT_EQ(SubjectsOf(config)[1].model, "a/A.gguf");
  EXPECT_EQ(SubjectsOf(config)[1].text, "u.txt");
  const auto options = RobustOptionsOf(config, std::vector<expr::UnitLayout>(3));
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->further.size(), 11u);
  EXPECT_EQ(options->further[0].subject, 0);
  EXPECT_EQ(options->further[0].target.sparsity, 0.5);
  EXPECT_EQ(options->further[2].subject, 1);
  EXPECT_EQ(options->further[2].target.sparsity, 0.7);
  const std::vector<std::string> names = ScenarioNames(config);
  ASSERT_EQ(names.size(), 12u);
  EXPECT_EQ(names[0], "A.gguf, t.txt, 0.7");
  EXPECT_EQ(names[11], "B.gguf, u.txt, 0.6");
  EXPECT_FALSE(RobustOptionsOf(config, {}).ok());
}

TEST(RobustConfig, NamesSayOnlyWhatVaries) {
  RunConfig config = Robust();
  config.robust_models = config.robust_texts = {};
  EXPECT_THAT(ScenarioNames(config), ElementsAre("0.7", "0.5", "0.6"));
}

TEST(RobustConfig, TheGroupAndTheBoundsAreThoseOfTheRun) {
  RunConfig config = Robust();
  config.group = 4;
  config.maximum_sparsity = 0.9;
  const auto options = RobustOptionsOf(config, std::vector<expr::UnitLayout>(3));
  EXPECT_EQ(options->further[5].target.group, 4);
  EXPECT_EQ(options->further[5].target.maximum, 0.9);
}

TEST(RobustConfig, WhatCannotBeIsRefusedByItsKey) {
  const auto refusal = [](auto change) {
    RunConfig config = Robust();
    change(&config);
    const absl::Status status = CheckRobust(config);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ValidateRunConfig(config), status);
    return std::string(status.message());
  };
  EXPECT_THAT(refusal([](RunConfig* c) { c->robust_sparsities = {"half"}; }),
              AllOf(HasSubstr("x.yaml:6"), HasSubstr("robust.sparsities"), HasSubstr("'half'")));
  EXPECT_THAT(refusal([](RunConfig* c) { c->robust_sparsities = {"1.5"}; }), HasSubstr("'1.5'"));
  EXPECT_THAT(refusal([](RunConfig* c) { c->robust_sparsities = {"0.7"}; }),
              HasSubstr("target_sparsity (0.7), found 0.7"));
  EXPECT_THAT(refusal([](RunConfig* c) {
                c->robust_sparsities = {"0.9"};
                c->maximum_sparsity = 0.8;
              }),
              HasSubstr("robust.sparsities"));
  EXPECT_THAT(refusal([](RunConfig* c) { c->robust_models = {"a/A.gguf"}; }),
              HasSubstr("robust.models"));
  EXPECT_THAT(refusal([](RunConfig* c) {
                c->robust_texts = {"v", "v"};
              }),
              HasSubstr("robust.texts"));
  EXPECT_THAT(refusal([](RunConfig* c) { c->robust_aggregate = search::Aggregate::kPareto; }),
              HasSubstr("at most 4 objectives"));
  EXPECT_THAT(refusal([](RunConfig* c) {
                c->fitness_levels = "levels";
                c->pruner = evaluator::Pruner::kSparseGpt;
              }),
              HasSubstr("fitness.levels"));
}

}  // namespace
}  // namespace strata::cli
