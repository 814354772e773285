#include "cli/config/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "cli/config/run_config_plan.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

RunConfig Complete() {
  RunConfig config;
  config.model = "m.gguf";
  config.text = "t";
  config.run = "r";
  config.fitness_arithmetic = evaluator::Arithmetic::kFloat32;
  return config;
}

TEST(RunConfigTest, ReadsValuesAndRemembersTheirLines) {
  const auto config =
      RunConfigFromYaml("model: a.gguf\nsearch:\n  seed: 7\n  minutes: 1.5\n", "x.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->model, "a.gguf");
  EXPECT_EQ(config->seed, 7);
  EXPECT_EQ(config->minutes, 1.5);
  EXPECT_EQ(config->population, RunConfig().population);
  EXPECT_EQ(config->origins.at("model"), "x.yaml:1");
  EXPECT_EQ(config->origins.at("search.seed"), "x.yaml:3");
  EXPECT_FALSE(config->origins.contains("search.population"));
}

TEST(RunConfigTest, UnknownKeyNamesTheNearest) {
  const auto config = RunConfigFromYaml("search:\n  sead: 7\n", "x.yaml");
  ASSERT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(config.status()),
              AllOf(HasSubstr("x.yaml:2"), HasSubstr("'search.sead'"), HasSubstr("'search.seed'")));
}

TEST(RunConfigTest, TopLevelKeyThatBelongsToASectionIsFoundThere) {
  const auto config = RunConfigFromYaml("seed: 7\n", "x.yaml");
  EXPECT_THAT(Message(config.status()), HasSubstr("'search.seed'"));
}

TEST(RunConfigTest, WrongTypeSaysWhatWasExpectedAndFound) {
  for (const auto& [yaml, expected] : std::vector<std::pair<std::string, std::string>>{
           {"search:\n  seed: soon\n", "a whole number, found 'soon'"},
           {"search:\n  seed: 1.5\n", "a whole number, found '1.5'"},
           {"target_sparsity: many\n", "a number, found 'many'"},
           {"search: 3\n", "must be a section"},
           {"model: [a, b]\n", "found a list"},
           {"model:\n", "found a blank"},
           {"- a\n", "expected keys and values"},
           {"model: {a: b\n", "not valid YAML"},
           {"model: a\n---\nmodel: b\n", "expected one YAML document, found 2"},
           {"model: a\nmodel: b\n", "set twice"}}) {
    const auto config = RunConfigFromYaml(yaml, "x.yaml");
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << yaml;
    EXPECT_THAT(Message(config.status()), AllOf(HasSubstr("x.yaml"), HasSubstr(expected))) << yaml;
  }
}

TEST(RunConfigTest, OverridesWinAndAreChecked) {
  const TemporaryFile file("search:\n  seed: 7\n", ".yaml");
  const std::string& path = file.path();
  const auto config = LoadRunConfig(path, {"search.seed=9", "workers.count=0"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->seed, 9);
  EXPECT_EQ(config->worker_count, 0);
  EXPECT_EQ(config->origins.at("search.seed"), "--set");
  EXPECT_THAT(Message(LoadRunConfig(path, {"seed"}).status()), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(Message(LoadRunConfig(path, {"wrokers.count=1"}).status()),
              HasSubstr("'workers.count'"));
  EXPECT_EQ(LoadRunConfig("/no/such/file.yaml", {}).status().code(), absl::StatusCode::kNotFound);
}

TEST(RunConfigTest, YamlCopyReadsBackToTheSameValues) {
  RunConfig config = Complete();
  config.model = "with \"quotes\" and: colon #hash";
  config.target_sparsity = 0.1 + 0.2;
  config.minutes = 0.0;
  config.maximum_evaluations = 12;
  const auto copy = RunConfigFromYaml(RunConfigToYaml(config), "copy");
  ASSERT_TRUE(copy.ok()) << copy.status();
  const auto wanted = DescribeRunConfig(config);
  const auto found = DescribeRunConfig(*copy);
  ASSERT_EQ(wanted.size(), found.size());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(wanted[i].value, found[i].value);
  EXPECT_EQ(copy->target_sparsity, config.target_sparsity);
}

TEST(RunConfigTest, ValidationNamesTheKey) {
  EXPECT_TRUE(ValidateRunConfig(Complete()).ok());
  const auto error_after = [](auto change) {
    RunConfig config = Complete();
    change(&config);
    const absl::Status status = ValidateRunConfig(config);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return Message(status);
  };
  for (const double sparsity : {0.0, 1.0, 1.5, -0.1, std::nan("")}) {
    EXPECT_THAT(error_after([&](RunConfig* c) { c->target_sparsity = sparsity; }),
                HasSubstr("'target_sparsity' must be greater than 0 and less than 1"));
  }
  EXPECT_THAT(error_after([](RunConfig* c) { c->model = ""; }), HasSubstr("'model'"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->maximum_sparsity = 0.5; }), HasSubstr("bounds"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->fitness_windows = 0; }),
              HasSubstr("'fitness.windows' must be at least 1, found 0"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->group = 129; }),
              HasSubstr("'group' must be from 0 to 128, found 129"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->minutes = 0; }), HasSubstr("never end"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->minutes = 1e308; }), HasSubstr("'search.minutes'"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->evaluation_minutes = -1; }),
              HasSubstr("'workers.evaluation_minutes'"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->hang_minutes = std::nan(""); }),
              HasSubstr("'workers.hang_minutes'"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->memory_gib = -0.5; }),
              HasSubstr("'workers.memory_gib'"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->lag = 1'000'000'000; }),
              HasSubstr("'search.lag' must be from 1 to 10000, found 1000000000"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->absence_seconds = 0; }),
              HasSubstr("'workers.absence_seconds' must be above 0 and at most 60000000, found 0"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->fitness_windows = 2'000'000'000; }),
              HasSubstr("'fitness.windows' must be from 1 to 1000000000, found 2000000000"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->address = "nonsense"; }),
              HasSubstr("'workers.address'"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->variation.crossover_probability = 1.5; }),
              HasSubstr("variation: crossover_probability"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->variation.sources.push_back("G"); }),
              HasSubstr("'features.gradients' must be true where variation.sources holds G"));
  EXPECT_THAT(error_after([](RunConfig* c) { c->variation.excluded = {"stablerang"}; }),
              HasSubstr("'stablerank'"));
}

TEST(RunConfigTest, AWrongNameIsRefusedWithTheKnownOnes) {
  const auto error_of = [](const std::string& override) {
    const absl::Status status = LoadRunConfig("", {override}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << override;
    return Message(status);
  };
  EXPECT_THAT(error_of("fitness.protocol=sequentail"),
              HasSubstr("--set: 'fitness.protocol' must be one-shot or sequential, found "
                        "'sequentail', the nearest is 'sequential'"));
  EXPECT_THAT(error_of("fitness.protocol=refreshed"), HasSubstr("found 'refreshed'"));
  EXPECT_THAT(error_of("report.arithmetic=auto"), HasSubstr("'report.arithmetic'"));
  EXPECT_THAT(error_of("fitness.arithmetic=fp16"), HasSubstr("fp32, bf16 or auto"));
  EXPECT_THAT(error_of("fitness.measure=kld"),
              HasSubstr("'fitness.measure' must be loss or kl, found 'kld'"));
  EXPECT_THAT(error_of("selection.measure=perplexity"),
              HasSubstr("'selection.measure' must be loss or kl, found 'perplexity'"));
  EXPECT_THAT(error_of("report.measure=kl"), HasSubstr("report.measure"));
  EXPECT_THAT(error_of("pruner=wonda"), AllOf(HasSubstr("'pruner'"), HasSubstr("sparsegpt")));
  EXPECT_THAT(error_of("workers.device=cuda"),
              HasSubstr("'workers.device' must be cpu, found 'cuda'"));
  EXPECT_THAT(error_of("search.strategy=randm"), HasSubstr("'randm', the nearest is 'random'"));
  EXPECT_THAT(error_of("search.baseline_units=blocks"),
              HasSubstr("must be run, block or both, found 'blocks'"));
  EXPECT_THAT(error_of("robust.aggregate=wurst"), HasSubstr("the nearest is 'worst'"));
  EXPECT_THAT(error_of("storage.fsync=never"), HasSubstr("must be commit or checkpoint"));
  EXPECT_THAT(error_of("storage.network_file_system=yes"), HasSubstr("must be refuse or allow"));
  EXPECT_THAT(error_of("workers.log_format=xml"), HasSubstr("must be text or json, found 'xml'"));
  EXPECT_THAT(Message(RunConfigFromYaml("granularity: row\n", "x.yaml").status()),
              HasSubstr("x.yaml:1: 'granularity' must be block, kind or linear, found 'row'"));
}

TEST(RunConfigTest, ListsAndFlagsAreRead) {
  const auto config = RunConfigFromYaml(
      "search:\n  baselines: [owl, als]\nfeatures:\n  gradients: true\nvariation:\n  sources: WX, "
      "depth\n  excluded: []\n  hoist_weight: 0.25\n",
      "x.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->baselines, ::testing::ElementsAre("owl", "als"));
  EXPECT_TRUE(config->gradients);
  EXPECT_THAT(config->variation.sources, ::testing::ElementsAre("WX", "depth"));
  EXPECT_TRUE(config->variation.excluded.empty());
  EXPECT_EQ(config->variation.hoist_weight, 0.25);
  const auto copy = RunConfigFromYaml(RunConfigToYaml(*config), "copy");
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->baselines, config->baselines);
  EXPECT_TRUE(copy->variation.excluded.empty());
  EXPECT_TRUE(copy->gradients);
  for (const auto& [yaml, expected] : std::vector<std::pair<std::string, std::string>>{
           {"features:\n  gradients: maybe\n", "true or false, found 'maybe'"},
           {"search:\n  baselines: [[owl]]\n", "a list of names"},
           {"search:\n  baselines: {owl: 1}\n", "found a section"}}) {
    EXPECT_THAT(Message(RunConfigFromYaml(yaml, "x.yaml").status()), HasSubstr(expected)) << yaml;
  }
}

TEST(RunConfigTest, SetTakesListsWithAndWithoutBrackets) {
  for (const char* text : {"search.baselines=owl,als", "search.baselines=[owl, als]"}) {
    EXPECT_THAT(LoadRunConfig("", {text})->baselines, ::testing::ElementsAre("owl", "als")) << text;
  }
}

TEST(RunConfigTest, SparseGptTakesGroupsThatDivideItsColumns) {
  RunConfig config = Complete();
  config.pruner = evaluator::Pruner::kSparseGpt;
  config.group = 8;
  EXPECT_TRUE(ValidateRunConfig(config).ok());
  config.group = 12;
  EXPECT_THAT(Message(ValidateRunConfig(config)), HasSubstr("'group' must be a divisor of 128"));
}

TEST(RunConfigTest, LevelsAreOfOneShotSparseGpt) {
  RunConfig config = Complete();
  config.fitness_levels = "folder";
  EXPECT_THAT(Message(ValidateRunConfig(config)),
              HasSubstr("'fitness.levels' must be empty unless the pruner is sparsegpt"));
  config.pruner = evaluator::Pruner::kSparseGpt;
  EXPECT_TRUE(ValidateRunConfig(config).ok());
  config.fitness_protocol = evaluator::Protocol::kSequential;
  EXPECT_THAT(Message(ValidateRunConfig(config)), HasSubstr("'folder' with sparsegpt and sequ"));
}

TEST(RunConfigTest, FinerUnitsGetTheSourcesThatTellThemApart) {
  const auto config = LoadRunConfig("", {"granularity=linear"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->variation.sources, ::testing::IsSupersetOf({"fan", "attention", "size"}));
  EXPECT_THAT(config->variation.excluded, ::testing::Contains("within"));
  EXPECT_THAT(config->variation.sources, ::testing::IsSupersetOf({"query", "gate", "down"}));
  EXPECT_THAT(config->variation.excluded, ::testing::Not(::testing::Contains("blockwise")));
  EXPECT_THAT(config->variation.excluded, ::testing::Not(::testing::Contains("shift")));
  EXPECT_EQ(config->variation.adjust_weight, 2);
  EXPECT_THAT(config->variation.sources, ::testing::Not(::testing::Contains("distortion")));
  EXPECT_EQ(config->origins.at("variation.sources"), "granularity linear");
  EXPECT_EQ(config->descent_interval, 8);
  EXPECT_EQ(config->surrogate.generations, 3);
  EXPECT_EQ(config->surrogate.optimism, 0);
  EXPECT_EQ(config->surrogate.trust_radius, 0.05);
  EXPECT_EQ(
      LoadRunConfig("", {"granularity=linear", "search.descent_interval=0"})->descent_interval, 0);
  const auto chosen = LoadRunConfig("", {"granularity=linear", "variation.sources=WX"});
  EXPECT_THAT(chosen->variation.sources, ::testing::ElementsAre("WX"));
  EXPECT_EQ(LoadRunConfig("", {})->variation.sources, expr::VariationOptions().sources);
  const auto kinds = LoadRunConfig("", {"granularity=kind"});
  EXPECT_THAT(kinds->variation.sources, ::testing::Not(::testing::Contains("query")));
  EXPECT_EQ(kinds->descent_interval, 0);
  EXPECT_THAT(kinds->variation.excluded, ::testing::Not(::testing::Contains("shift")));
  const auto unrefined = LoadRunConfig("", {"granularity=linear", "variation.adjust_weight=0"});
  EXPECT_EQ(unrefined->variation.adjust_weight, 0);
}

TEST(RunConfigTest, BaselinesOfFinerUnitsLookAtBlocksToo) {
  expr::UnitLayout layout;
  for (int unit = 0; unit < 28; ++unit) {
    layout.push_back({4096, unit / 7, expr::UnitKind::kAttention, 128,
                      static_cast<expr::LinearRole>(1 + unit % 7)});
  }
  RunConfig config = Complete();
  config.granularity = evaluator::Granularity::kLinear;
  config.baselines = {"owl", "uniform"};
  const auto names = [&](BaselineUnits units) {
    config.baseline_units = units;
    std::vector<std::string> all;
    const auto baselines = BaselinesOf(config, layout);
    EXPECT_TRUE(baselines.ok()) << baselines.status();
    for (const expr::Baseline& baseline : *baselines) all.push_back(baseline.name);
    return all;
  };
  EXPECT_THAT(names(BaselineUnits::kRun), ::testing::ElementsAre("owl", "uniform"));
  EXPECT_THAT(names(BaselineUnits::kBlock),
              ::testing::ElementsAre("owl blockwise", "uniform blockwise"));
  EXPECT_THAT(names(BaselineUnits::kBoth),
              ::testing::ElementsAre("owl", "owl blockwise", "uniform", "uniform blockwise"));
}

TEST(RunConfigTest, UniformIsNamedAMixtureIfNoGroupHasTheTarget) {
  const expr::UnitLayout layout = expr::SquareBlocks(std::vector<int64_t>(10, 4096));
  RunConfig config = Complete();
  config.baselines = {"uniform"};
  config.group = 4;
  const auto settings = [&](double sparsity) {
    config.target_sparsity = sparsity;
    const auto baselines = BaselinesOf(config, layout);
    EXPECT_TRUE(baselines.ok()) << baselines.status();
    EXPECT_EQ(baselines->front().name, "uniform");
    return baselines->front().published.front().settings;
  };
  EXPECT_EQ(settings(0.6), "(mixed n:4)");
  EXPECT_EQ(settings(0.75), "");
  config.group = 0;
  EXPECT_EQ(settings(0.6), "");
}

TEST(RunConfigTest, BaselinesAreChosenByName) {
  const expr::UnitLayout layout = expr::SquareBlocks({4096, 4096, 4096, 4096});
  RunConfig config = Complete();
  const size_t all = BaselinesOf(config, layout)->size();
  EXPECT_GT(all, 6u);
  config.spectra = false;
  EXPECT_EQ(BaselinesOf(config, layout)->size(), all - 1);  // without alphapruning
  config.baselines = {"als", "owl"};
  const auto engine = EngineOptionsOf(config, layout);
  ASSERT_TRUE(engine.ok()) << engine.status();
  ASSERT_EQ(engine->baselines.size(), 2u);
  EXPECT_EQ(engine->baselines[1].name, "owl");
  EXPECT_EQ(engine->strategy.variation.library.size(), 2u);
  config.baselines = {"owl", "alls"};
  EXPECT_THAT(Message(EngineOptionsOf(config, layout).status()),
              AllOf(HasSubstr("'search.baselines'"), HasSubstr("'alls', the nearest is 'als'")));
}

TEST(RunConfigTest, TheStrategyAndItsSettingsReachTheEngine) {
  const expr::UnitLayout layout = expr::SquareBlocks({4096, 4096, 4096, 4096});
  auto config = LoadRunConfig(
      "", {"search.strategy=dsa", "search.stagnation=40", "search.objectives=loss,zero_shot_error",
           "search.epsilon=0.25", "surrogate.enabled=false", "surrogate.optimism=1.5",
           "surrogate.proposals=9"});
  ASSERT_TRUE(config.ok()) << config.status();
  const auto engine = EngineOptionsOf(*config, layout);
  ASSERT_TRUE(engine.ok()) << engine.status();
  EXPECT_EQ(engine->strategy.kind, search::StrategyKind::kDsa);
  EXPECT_EQ(engine->stagnation_evaluations, 40);
  EXPECT_THAT(engine->objectives, ::testing::ElementsAre("loss", "zero_shot_error"));
  EXPECT_EQ(engine->epsilon, 0.25);
  EXPECT_FALSE(engine->strategy.surrogate.enabled);
  EXPECT_EQ(engine->strategy.surrogate.optimism, 1.5);
  EXPECT_EQ(engine->strategy.surrogate.proposals, 9);
  RunConfig wrong = Complete();
  wrong.surrogate.unfiltered_share = 2;
  EXPECT_THAT(Message(ValidateRunConfig(wrong)),
              HasSubstr("'surrogate.unfiltered_share' must be from 0 to 1, found 2"));
}

TEST(RunConfigTest, ObjectivesAreWhatThePlanMeasures) {
  RunConfig config = Complete();
  config.objectives = {"loss", "complexity", "zero_shot_error"};
  EXPECT_THAT(Message(ValidateRunConfig(config)),
              HasSubstr("'fitness.tasks' must be task files where search.objectives holds "
                        "zero_shot_error, which they measure, found none"));
  config.fitness_tasks = {"arc.yaml"};
  EXPECT_TRUE(ValidateRunConfig(config).ok());
  config.objectives = {"loss", "latency"};
  EXPECT_THAT(Message(ValidateRunConfig(config)),
              HasSubstr("'search.objectives' must be loss, complexity or zero_shot_error, found "
                        "'latency', which nothing measures"));
  config.objectives = {"loss"};
  config.fitness_task_items = -1;
  EXPECT_THAT(Message(ValidateRunConfig(config)), HasSubstr("'fitness.task_items'"));
}

TEST(RunConfigTest, TasksAreOfFinalistsAndWhereTheyAreAnObjectiveOfCandidates) {
  RunConfig config = Complete();
  config.fitness_windows = 8;
  config.racing_rungs = {"4"};
  config.fitness_tasks = {"arc.yaml"};
  config.fitness_task_items = 5;
  config.report_task_items = 9;
  auto plan = *MeasurementPlanOf(config);
  SetTasks(config, "digest", &plan);
  EXPECT_EQ(plan.search.tasks, "");
  EXPECT_EQ(plan.verify.tasks, "digest");
  EXPECT_EQ(plan.verify.task_items, 9);
  config.objectives = {"loss", "zero_shot_error"};
  plan = *MeasurementPlanOf(config);
  SetTasks(config, "digest", &plan);
  EXPECT_EQ(plan.search.tasks, "digest");
  EXPECT_EQ(plan.search.task_items, 5);
  EXPECT_EQ(plan.racing[0].tasks, "") << "only the last rung of a race has tasks";
  EXPECT_EQ(plan.select.tasks, "");
  EXPECT_EQ(TasksOf(plan), "digest");
}

TEST(RunConfigTest, RacingRungsArePartOfThePlan) {
  RunConfig config = Complete();
  config.fitness_windows = 8;
  config.racing_rungs = {"1 sequential", "4"};
  const auto plan = MeasurementPlanOf(config);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->racing.size(), 2u);
  EXPECT_EQ(plan->racing[1].windows, 4);
  EXPECT_EQ(plan->racing[1].window_tokens, plan->search.window_tokens);
  const auto engine = EngineOptionsOf(config, expr::SquareBlocks({4096, 4096}));
  EXPECT_EQ(engine->ladder.rungs, 3);
  EXPECT_EQ(plan->racing[0].protocol, evaluator::Protocol::kSequential);
  EXPECT_EQ(plan->racing[1].protocol, evaluator::Protocol::kOneShot);
  config.racing_rungs = {"8"};
  EXPECT_THAT(Message(ValidateRunConfig(config)),
              HasSubstr("'racing.rungs': expected fewer than the 8 windows"));
}

TEST(RunConfigTest, FitnessRacesAndSelectionMayMeasureDivergencesButNeverSlopesAndReport) {
  RunConfig config = Complete();
  config.fitness_windows = 8;
  config.racing_rungs = {"2", "4 one-shot bf16"};
  config.robust_sparsities = {"0.5"};
  config.refine_evaluations = 20;
  EXPECT_EQ(MeasurementPlanOf(config)->search.measure, evaluator::Measure::kLoss);
  config.fitness_measure = evaluator::Measure::kKl;
  auto plan = MeasurementPlanOf(config);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->search.measure, evaluator::Measure::kKl);
  ASSERT_EQ(plan->racing.size(), 2u);
  for (const evaluator::Fidelity& rung : plan->racing) {
    EXPECT_EQ(rung.measure, evaluator::Measure::kKl) << "rungs are compared with the fitness";
  }
  EXPECT_EQ(plan->select.measure, evaluator::Measure::kLoss);
  EXPECT_EQ(plan->refine.measure, evaluator::Measure::kLoss);
  config.selection_measure = evaluator::Measure::kKl;
  plan = MeasurementPlanOf(config);
  EXPECT_EQ(plan->select.measure, evaluator::Measure::kKl);
  EXPECT_EQ(plan->refine.measure, evaluator::Measure::kKl);
  EXPECT_EQ(plan->slope.measure, evaluator::Measure::kLoss);
  EXPECT_EQ(plan->verify.measure, evaluator::Measure::kLoss);
}

TEST(RunConfigTest, PlanUsesTheThreeFidelities) {
  RunConfig config = Complete();
  config.selection_windows = 3;
  const auto plan = MeasurementPlanOf(config);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->search.protocol, evaluator::Protocol::kOneShot);
  EXPECT_EQ(plan->search.split, evaluator::Split::kFitness);
  EXPECT_EQ(plan->select.protocol, evaluator::Protocol::kSequential);
  EXPECT_EQ(plan->select.split, evaluator::Split::kFitness);
  EXPECT_EQ(plan->select.windows, 3);
  EXPECT_EQ(plan->verify.protocol, evaluator::Protocol::kSequential);
  EXPECT_EQ(plan->verify.split, evaluator::Split::kReport);
}

}  // namespace
}  // namespace strata::cli
