#include "cli/run/search_setup.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cli/config/robust_config.h"
#include "cli/report/run_report.h"
#include "cli/run/warm_start.h"
#include "cli/shared/json_text.h"
#include "evaluator/banks/level_layout.h"
#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/measurement/model_evaluator.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::cli {
namespace {

constexpr double kWorthwhileBFloat16Ratio = 1.5;

double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

absl::StatusOr<std::string> FastestArithmetic(const RunConfig& config) {
  const auto machine = evaluator::InspectMachine(static_cast<int>(config.worker_threads));
  if (!machine.ok()) return machine.status();
  return machine->bfloat16_gflops >= kWorthwhileBFloat16Ratio * machine->float32_gflops ? "bf16"
                                                                                        : "fp32";
}

// The windows of every split exist; returns the digest of the text. Those of slopes are needed
// where it is `descended`.
absl::StatusOr<std::string> CheckText(const SubjectPaths& subject,
                                      const workers::MeasurementPlan& plan, bool descended) {
  const auto tokenizer = evaluator::OpenTokenizer(subject.model);
  if (!tokenizer.ok()) return tokenizer.status();
  const auto corpus = evaluator::TextCorpus::Load(subject.text, **tokenizer);
  if (!corpus.ok()) return corpus.status();
  const auto calibration = corpus->Windows(
      evaluator::Split::kCalibration, plan.calibration.sequences, plan.calibration.sequence_tokens);
  if (!calibration.ok()) return calibration.status();
  std::vector<const evaluator::Fidelity*> fidelities = {&plan.search, &plan.select, &plan.verify};
  if (descended) fidelities.push_back(&plan.slope);
  for (const evaluator::Fidelity* fidelity : fidelities) {
    const auto windows =
        corpus->Windows(fidelity->split, fidelity->windows, fidelity->window_tokens);
    if (!windows.ok()) return windows.status();
  }
  return corpus->digest();
}

// The digest of the level database that the configuration names, which must be of this model, text
// and plan.
absl::StatusOr<std::string> CheckedLevels(const RunConfig& config, const SearchSetup& setup) {
  const std::string path = evaluator::LevelFilePath(config.fitness_levels);
  const auto file = evaluator::BankFile::Open(path);
  if (absl::IsNotFound(file.status())) {
    return absl::NotFoundError(fmt::format(
        "fitness.levels: {}: expected a level database, found none: build it with `strata levels "
        "build`",
        path));
  }
  if (!file.ok()) return file.status();
  if (absl::Status status = evaluator::CheckLevels(*file, setup.model, setup.text_digest,
                                                   setup.plan.calibration, config.group);
      !status.ok()) {
    return absl::Status(status.code(),
                        fmt::format("fitness.levels: {}", std::string(status.message())));
  }
  const auto settings = evaluator::LevelSettingsOf(*file);
  if (!settings.ok()) return settings.status();
  const auto levels = settings->grid.levels();
  const auto targets = TargetSparsitiesOf(config);
  if (!targets.ok()) return targets.status();
  for (const double target : *targets) {
    if (target >= levels.front() && target <= levels.back()) continue;
    return absl::FailedPreconditionError(fmt::format(
        "fitness.levels: {}: expected levels on both sides of the target sparsity {}, found {} to "
        "{}",
        path, target, levels.front(), levels.back()));
  }
  return file->key().Digest();
}

nlohmann::ordered_json ModelProperty(const evaluator::ModelSummary& model,
                                     evaluator::Granularity granularity) {
  nlohmann::ordered_json json = {{"name", model.name},
                                 {"digest", model.digest},
                                 {"family", model.family},
                                 {"blocks", model.blocks}};
  const std::vector<evaluator::UnitLinears> units = evaluator::UnitsOf(model, granularity);
  const expr::UnitLayout layout = evaluator::LayoutOf(model, granularity);
  json["units"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < units.size(); ++i) {
    json["units"].push_back({{"name", units[i].name},
                             {"parameters", layout[i].parameters},
                             {"block", layout[i].block},
                             {"kind", expr::UnitKindName(layout[i].kind)},
                             {"fan", layout[i].fan}});
    if (layout[i].role != expr::LinearRole::kNone) {
      json["units"].back()["role"] = expr::LinearRoleName(layout[i].role);
    }
  }
  return json;
}

std::string FurtherSubjectsProperty(const SearchSetup& setup) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Subject& subject : setup.further_subjects) {
    json.push_back({{"model", ModelProperty(subject.model, setup.plan.granularity)},
                    {"text_digest", subject.text_digest}});
  }
  return JsonText(json);
}

// The models and texts besides the run's own, each pair checked as that is.
absl::StatusOr<std::vector<Subject>> ReadFurtherSubjects(const RunConfig& config,
                                                         const SearchSetup& setup) {
  std::vector<Subject> subjects;
  std::set<std::pair<std::string, std::string>> known = {{setup.model.digest, setup.text_digest}};
  const std::vector<SubjectPaths> paths = SubjectsOf(config);
  for (size_t i = 1; i < paths.size(); ++i) {
    auto model = evaluator::SummarizeModel(paths[i].model);
    if (!model.ok()) return model.status();
    absl::Status status = evaluator::CheckGroup(*model, config.group);
    if (!status.ok()) return status;
    auto digest = CheckText(paths[i], setup.plan, /*descended=*/false);
    if (!digest.ok()) return digest.status();
    if (!known.emplace(model->digest, *digest).second) {
      return absl::InvalidArgumentError(
          fmt::format("robust: expected models and texts that differ, found {} with {} twice",
                      paths[i].model, paths[i].text));
    }
    subjects.push_back({*std::move(model), *std::move(digest)});
  }
  return subjects;
}

// The configuration to resume with: the stored one, changed where `config` sets a key that may
// change. A key that `config` sets to another value and that may not change is an error.
absl::StatusOr<RunConfig> ReconcileWithStored(const RunConfig& config,
                                              const search::RunStore& store,
                                              Continuation continuation) {
  const auto yaml = store.Property(search::kConfigProperty);
  if (!yaml.ok()) return yaml.status();
  if (!yaml->has_value()) {
    return absl::NotFoundError(fmt::format("'{}' holds no configuration to resume", config.run));
  }
  auto merged = RunConfigFromYaml(**yaml, config.run + "/config");
  if (!merged.ok()) return merged.status();
  const std::vector<ConfigEntry> wanted = DescribeRunConfig(config);
  const std::vector<ConfigEntry> found = DescribeRunConfig(*merged);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto& [key, value, origin, meaning] = wanted[i];
    if (!config.origins.contains(key) || value == found[i].value || value == "auto") continue;
    if (!MayChange(key, continuation)) {
      return absl::FailedPreconditionError(fmt::format(
          "{}: '{}' is {} but the run in '{}' has {}: a run keeps its settings; resume with them, "
          "{}start another with --run",
          origin, key, value, config.run, found[i].value,
          MayChange(key, Continuation::kExtend) ? "change this one with --extend, or " : "or "));
    }
    if (absl::Status status = SetOption(key, value, origin, &*merged); !status.ok()) return status;
  }
  return merged;
}

// The configuration comes last: a run that has it was begun whole.
absl::Status StoreDescription(const SearchSetup& setup) {
  const expr::UnitLayout layout = evaluator::LayoutOf(setup.model, setup.plan.granularity);
  size_t settings = 0;
  const auto baselines = BaselinesOf(setup.config, layout);
  if (!baselines.ok()) return baselines.status();
  for (const expr::Baseline& baseline : *baselines) {
    settings += baseline.published.size() + baseline.widened.size();
  }
  for (const auto& [name, value] :
       {std::pair<const char*, std::string>{
            "model", JsonText(ModelProperty(setup.model, setup.plan.granularity))},
        {"text_digest", setup.text_digest},
        {kFurtherSubjectsProperty, FurtherSubjectsProperty(setup)},
        {kLevelsProperty, setup.plan.search.levels},
        {kTasksProperty, setup.tasks.tasks.empty() ? "" : JsonText(ToJson(setup.tasks))},
        {kBaselineSettingsProperty, fmt::format("{}", settings)},
        {search::kConfigProperty, RunConfigToYaml(setup.config)}}) {
    if (absl::Status status = setup.store->PutProperty(name, value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::vector<expr::UnitLayout> FurtherLayouts(const SearchSetup& setup) {
  std::vector<expr::UnitLayout> layouts;
  for (const Subject& subject : setup.further_subjects) {
    layouts.push_back(evaluator::LayoutOf(subject.model, setup.plan.granularity));
  }
  return layouts;
}

// Model, plan, text and levels of a configuration; fills in what it left to be measured.
absl::Status CheckInputs(RunConfig config, SearchSetup* setup) {
  if (absl::Status status = ValidateRunConfig(config); !status.ok()) return status;
  auto model = evaluator::SummarizeModel(config.model);
  if (!model.ok()) return model.status();
  setup->model = *std::move(model);
  if (absl::Status status = evaluator::CheckGroup(setup->model, config.group); !status.ok()) {
    return status;
  }
  if (config.fitness_arithmetic == "auto") {
    const auto fastest = FastestArithmetic(config);
    if (!fastest.ok()) return fastest.status();
    config.fitness_arithmetic = *fastest;
    config.origins["fitness.arithmetic"] = "measured";
  }
  auto plan = MeasurementPlanOf(config);
  if (!plan.ok()) return plan.status();
  setup->plan = *plan;
  const bool descends = config.refine_evaluations > 0 && config.refine_slopes;
  auto digest = CheckText({config.model, config.text}, setup->plan, descends);
  if (!digest.ok()) return digest.status();
  setup->text_digest = *std::move(digest);
  if (!config.fitness_levels.empty()) {
    auto levels = CheckedLevels(config, *setup);
    if (!levels.ok()) return levels.status();
    setup->plan.search.levels = *std::move(levels);
  }
  auto tasks = ReadRunTasks(config);
  if (!tasks.ok()) return tasks.status();
  setup->tasks = *std::move(tasks);
  SetTasks(config, setup->tasks.digest, &setup->plan);
  auto further = ReadFurtherSubjects(config, *setup);
  if (!further.ok()) return further.status();
  setup->further_subjects = *std::move(further);
  setup->config = std::move(config);
  return absl::OkStatus();
}

}  // namespace

bool MayChange(const std::string& key, Continuation continuation) {
  if (key.starts_with("workers.") || key.starts_with("storage.") || key == "search.minutes" ||
      key == "model" || key == "text" || key == "run" || key == "fitness.levels" ||
      key == "fitness.tasks" || key == "robust.models" || key == "robust.texts") {
    return true;
  }
  return continuation == Continuation::kExtend &&
         (key == "search.maximum_evaluations" || key == "search.stagnation" ||
          key == "search.finalists" || key == "refine.evaluations");
}

absl::StatusOr<SearchSetup> PrepareSearch(RunConfig config, Continuation continuation) {
  const bool resume = continuation != Continuation::kNew;
  SearchSetup setup;
  const auto storage = StorageOptionsOf(config);
  if (!storage.ok()) return storage.status();
  if (resume) {
    auto store = search::RunStore::Open(config.run, *storage);
    if (!store.ok()) return store.status();
    setup.store = *std::move(store);
    auto merged = ReconcileWithStored(config, *setup.store, continuation);
    if (!merged.ok()) return merged.status();
    config = *std::move(merged);
  }
  if (absl::Status status = CheckInputs(config, &setup); !status.ok()) return status;
  config = setup.config;
  const expr::UnitLayout layout = evaluator::LayoutOf(setup.model, setup.plan.granularity);
  auto engine = EngineOptionsOf(config, layout, FurtherLayouts(setup));
  if (!engine.ok()) return engine.status();
  auto warm_start = resume ? StoredWarmStart(*setup.store)
                           : ReadWarmStart(config.warm_start, layout, config.target_sparsity);
  if (!warm_start.ok()) return warm_start.status();
  engine->warm_start = *std::move(warm_start);

  if (!resume) {
    auto store = search::RunStore::Create(config.run, *storage);
    if (absl::IsAlreadyExists(store.status())) {
      return absl::AlreadyExistsError(
          fmt::format("{}: continue it with --resume, or choose another folder with --run",
                      std::string(store.status().message())));
    }
    if (!store.ok()) return store.status();
    setup.store = *std::move(store);
    if (absl::Status status = StoreWarmStart(engine->warm_start, setup.store.get()); !status.ok()) {
      return status;
    }
    if (absl::Status status = StoreDescription(setup); !status.ok()) return status;
  }

  search::SessionOptions options;
  options.engine = *std::move(engine);
  options.refinement = RefinementOptionsOf(config);
  options.budget_seconds = config.minutes * 60;
  options.extend = continuation == Continuation::kExtend;
  options.now_seconds = MonotonicSeconds;
  setup.on_commit = std::make_shared<std::function<void(const search::RunChanges&)>>();
  options.on_commit = [hook = setup.on_commit](const search::RunChanges& changes) {
    if (*hook) (*hook)(changes);
  };
  workers::FillContexts(setup.plan, setup.model.digest, setup.text_digest, &options);
  for (const Subject& subject : setup.further_subjects) {
    workers::FillContexts(setup.plan, subject.model.digest, subject.text_digest,
                          &options.further_contexts.emplace_back());
  }
  auto session = search::Session::Create(options, layout, setup.store.get());
  if (!session.ok()) return session.status();
  setup.session = *std::move(session);
  setup.search_has_ended = setup.session->search_stopped();
  // Only now is it certain that model, text and settings are the run's own.
  if (resume) {
    absl::Status status =
        setup.store->PutProperty(search::kConfigProperty, RunConfigToYaml(config));
    if (!status.ok()) return status;
  }
  return setup;
}

absl::StatusOr<SearchSetup> CheckSearch(const RunConfig& config, search::EngineOptions* engine) {
  SearchSetup setup;
  if (absl::Status status = CheckInputs(config, &setup); !status.ok()) return status;
  const expr::UnitLayout layout = evaluator::LayoutOf(setup.model, setup.plan.granularity);
  auto options = EngineOptionsOf(setup.config, layout, FurtherLayouts(setup));
  if (!options.ok()) return options.status();
  auto warm_start = ReadWarmStart(config.warm_start, layout, config.target_sparsity);
  if (!warm_start.ok()) return warm_start.status();
  *engine = *std::move(options);
  engine->warm_start = *std::move(warm_start);
  return setup;
}

}  // namespace strata::cli
