#include "cli/run/search_setup.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cli/config/robust_config.h"
#include "cli/config/run_config_plan.h"
#include "cli/report/run_report.h"
#include "cli/run/continue_command.h"
#include "cli/run/warm_start.h"
#include "cli/shared/model_argument.h"
#include "cli/shared/output.h"
#include "evaluator/banks/level_layout.h"
#include "evaluator/checkpoint/checkpoint.h"
#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/clock.h"
#include "evaluator/measurement/machine.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/status_macros.h"
#include "search/engine/baseline_rounds.h"

namespace strata::cli {
namespace {

constexpr double kWorthwhileBFloat16Ratio = 1.5;

absl::StatusOr<evaluator::Arithmetic> FastestArithmetic(const RunConfig& config) {
  STRATA_ASSIGN_OR_RETURN(const auto machine,
                          evaluator::InspectMachine(static_cast<int>(config.worker_threads)));
  return machine.bfloat16_gflops >= kWorthwhileBFloat16Ratio * machine.float32_gflops
             ? evaluator::Arithmetic::kBFloat16
             : evaluator::Arithmetic::kFloat32;
}

// Checks that the windows of every split exist, and returns the digest of the text. The windows of
// slopes are needed only if `descended`.
absl::StatusOr<std::string> CheckText(const SubjectPaths& subject,
                                      const workers::MeasurementPlan& plan, bool descended) {
  STRATA_ASSIGN_OR_RETURN(const auto checkpoint, evaluator::OpenCheckpoint(subject.model));
  STRATA_ASSIGN_OR_RETURN(const auto tokenizer,
                          evaluator::OpenTokenizer(subject.model, checkpoint->config().vocabulary));
  STRATA_ASSIGN_OR_RETURN(const auto corpus, evaluator::TextCorpus::Load(subject.text, *tokenizer));
  STRATA_RETURN_IF_ERROR(corpus
                             .Windows(evaluator::Split::kCalibration, plan.calibration.sequences,
                                      plan.calibration.sequence_tokens)
                             .status());
  std::vector<const evaluator::Fidelity*> fidelities = {&plan.search, &plan.select, &plan.verify};
  if (descended) fidelities.push_back(&plan.slope);
  for (const evaluator::Fidelity* fidelity : fidelities) {
    STRATA_RETURN_IF_ERROR(
        corpus.Windows(fidelity->split, fidelity->windows, fidelity->window_tokens).status());
  }
  return corpus.digest();
}

// Returns the digest of the level database that the configuration names. The database must be of
// this model, text and plan.
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
  STRATA_ASSIGN_OR_RETURN(const auto settings, evaluator::LevelSettingsOf(*file));
  const auto levels = settings.grid.levels();
  STRATA_ASSIGN_OR_RETURN(const auto targets, TargetSparsitiesOf(config));
  for (const double target : targets) {
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

// Reads the further models and texts. Each pair is checked like the run's own.
absl::StatusOr<std::vector<Subject>> ReadFurtherSubjects(const RunConfig& config,
                                                         const SearchSetup& setup) {
  std::vector<Subject> subjects;
  std::set<std::pair<std::string, std::string>> known = {{setup.model.digest, setup.text_digest}};
  const std::vector<SubjectPaths> paths = SubjectsOf(config);
  for (size_t i = 1; i < paths.size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(auto model, ReadModelArgument(paths[i].model));
    absl::Status status = evaluator::CheckGroup(model, config.group);
    if (!status.ok()) return status;
    STRATA_ASSIGN_OR_RETURN(auto digest, CheckText(paths[i], setup.plan, /*descended=*/false));
    if (!known.emplace(model.digest, digest).second) {
      return absl::InvalidArgumentError(
          fmt::format("robust: expected models and texts that differ, found {} with {} twice",
                      paths[i].model, paths[i].text));
    }
    subjects.push_back({std::move(model), std::move(digest)});
  }
  return subjects;
}

// The configuration is stored last, so a run that has one was begun completely.
absl::Status StoreDescription(const SearchSetup& setup) {
  const expr::UnitLayout layout = evaluator::LayoutOf(setup.model, setup.plan.granularity);
  search::EngineOptions options;
  STRATA_ASSIGN_OR_RETURN(options.baselines, BaselinesOf(setup.config, layout));
  options.baseline_settings = setup.config.baseline_settings;
  // A tuning round adds settings that only the results decide.
  const size_t settings = search::BaselineSeeds(options).size();
  for (const auto& [name, value] :
       {std::pair<const char*, std::string>{
            "model", JsonText(ModelProperty(setup.model, setup.plan.granularity))},
        {"text_digest", setup.text_digest},
        {kVocabularyProperty, fmt::format("{}", setup.model.vocabulary)},
        {kFurtherSubjectsProperty, FurtherSubjectsProperty(setup)},
        {kLevelsProperty, setup.plan.search.levels},
        {kTasksProperty, setup.tasks.tasks.empty() ? "" : JsonText(ToJson(setup.tasks))},
        {kBaselineSettingsProperty, fmt::format("{}", settings)},
        {search::kConfigProperty, RunConfigToYaml(setup.config)}}) {
    STRATA_RETURN_IF_ERROR(setup.store->PutProperty(name, value));
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

// Checks model, plan, text and levels of a configuration. Fills in the settings that are to be
// measured.
absl::Status CheckInputs(RunConfig config, SearchSetup* setup) {
  STRATA_RETURN_IF_ERROR(ValidateRunConfig(config));
  STRATA_ASSIGN_OR_RETURN(auto model, ReadModelArgument(config.model));
  setup->model = std::move(model);
  STRATA_RETURN_IF_ERROR(evaluator::CheckGroup(setup->model, config.group));
  if (!config.fitness_arithmetic) {
    STRATA_ASSIGN_OR_RETURN(const auto fastest, FastestArithmetic(config));
    config.fitness_arithmetic = fastest;
    config.origins["fitness.arithmetic"] = "measured";
  }
  STRATA_ASSIGN_OR_RETURN(auto plan, MeasurementPlanOf(config));
  setup->plan = plan;
  STRATA_ASSIGN_OR_RETURN(
      auto digest, CheckText({config.model, config.text}, setup->plan, RefinesAlongSlopes(config)));
  setup->text_digest = std::move(digest);
  if (!config.fitness_levels.empty()) {
    STRATA_ASSIGN_OR_RETURN(auto levels, CheckedLevels(config, *setup));
    setup->plan.search.levels = std::move(levels);
  }
  STRATA_ASSIGN_OR_RETURN(auto tasks, ReadRunTasks(config));
  setup->tasks = std::move(tasks);
  SetTasks(config, setup->tasks.digest, &setup->plan);
  STRATA_ASSIGN_OR_RETURN(auto further, ReadFurtherSubjects(config, *setup));
  setup->further_subjects = std::move(further);
  setup->config = std::move(config);
  return absl::OkStatus();
}

// Adds to an error of a continued run that its paths may belong to another folder.
absl::Status WithStartFolder(const absl::Status& status, const search::RunStore& store,
                             const std::string& run) {
  if (!absl::IsNotFound(status)) return status;
  STRATA_ASSIGN_OR_RETURN(const std::string folder, StartFolder(store, run));
  std::error_code ignored;
  if (folder.empty() || folder == std::filesystem::current_path(ignored).string()) return status;
  return absl::NotFoundError(fmt::format(
      "{}\nthe search was started in {}, to which relative paths of its settings belong",
      std::string(status.message()), folder));
}

// Returns the options of the engine, without the warm start.
absl::StatusOr<search::EngineOptions> SearchEngineOptions(const SearchSetup& setup) {
  return EngineOptionsOf(setup.config, evaluator::LayoutOf(setup.model, setup.plan.granularity),
                         FurtherLayouts(setup));
}

// Creates the store of a new run and describes the run in it. Errors: AlreadyExists if the folder
// holds a run.
absl::Status CreateStore(const search::RunStoreOptions& storage,
                         const std::vector<search::WarmStart>& warm_start, SearchSetup* setup) {
  auto store = search::RunStore::Create(setup->config.run, storage);
  if (absl::IsAlreadyExists(store.status())) {
    return absl::AlreadyExistsError(
        fmt::format("{}: continue it with --resume, or choose another folder with --run",
                    std::string(store.status().message())));
  }
  if (!store.ok()) return store.status();
  setup->store = *std::move(store);
  STRATA_RETURN_IF_ERROR(StoreWarmStart(warm_start, setup->store.get()));
  return StoreDescription(*setup);
}

// Opens the session of the setup's store.
absl::Status OpenSession(search::EngineOptions engine, const expr::UnitLayout& layout, bool extend,
                         SearchSetup* setup) {
  search::SessionOptions options;
  options.engine = std::move(engine);
  STRATA_ASSIGN_OR_RETURN(options.refinement, RefinementOptionsOf(setup->config));
  options.budget_seconds = setup->config.minutes * 60;
  options.extend = extend;
  options.now_seconds = evaluator::SteadySeconds;
  setup->on_commit = std::make_shared<std::function<void(const search::RunChanges&)>>();
  options.on_commit = [hook = setup->on_commit](const search::RunChanges& changes) {
    if (*hook) (*hook)(changes);
  };
  workers::FillContexts(setup->plan, setup->model.digest, setup->text_digest, &options);
  for (const Subject& subject : setup->further_subjects) {
    workers::FillContexts(setup->plan, subject.model.digest, subject.text_digest,
                          &options.further_contexts.emplace_back());
  }
  STRATA_ASSIGN_OR_RETURN(setup->session,
                          search::Session::Create(options, layout, setup->store.get()));
  setup->search_has_ended = setup->session->search_stopped();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SearchSetup> PrepareSearch(RunConfig config, Continuation continuation) {
  const bool resume = continuation != Continuation::kNew;
  SearchSetup setup;
  const search::RunStoreOptions storage =
      resume ? ContinuedStorage(config) : StorageOptionsOf(config);
  if (resume) {
    STRATA_ASSIGN_OR_RETURN(setup.store, search::RunStore::Open(config.run, storage));
    STRATA_ASSIGN_OR_RETURN(config, ContinuedConfig(std::move(config), *setup.store, continuation));
  }
  const std::string run = config.run;
  if (const absl::Status status = CheckInputs(std::move(config), &setup); !status.ok()) {
    return resume ? WithStartFolder(status, *setup.store, run) : status;
  }
  STRATA_ASSIGN_OR_RETURN(auto engine, SearchEngineOptions(setup));
  const expr::UnitLayout layout = evaluator::LayoutOf(setup.model, setup.plan.granularity);
  if (resume) {
    STRATA_ASSIGN_OR_RETURN(engine.warm_start, StoredWarmStart(*setup.store));
  } else {
    STRATA_ASSIGN_OR_RETURN(engine.warm_start, ReadWarmStart(setup.config.warm_start, layout,
                                                             setup.config.target_sparsity));
    STRATA_RETURN_IF_ERROR(CreateStore(storage, engine.warm_start, &setup));
  }
  STRATA_RETURN_IF_ERROR(
      OpenSession(std::move(engine), layout, continuation == Continuation::kExtend, &setup));
  // Only at this point is it certain that model, text and settings are the run's own.
  if (resume) {
    STRATA_RETURN_IF_ERROR(
        setup.store->PutProperty(search::kConfigProperty, RunConfigToYaml(setup.config)));
  }
  return setup;
}

absl::StatusOr<SearchSetup> CheckSearch(const RunConfig& config, search::EngineOptions* engine) {
  SearchSetup setup;
  STRATA_RETURN_IF_ERROR(CheckInputs(config, &setup));
  STRATA_ASSIGN_OR_RETURN(*engine, SearchEngineOptions(setup));
  STRATA_ASSIGN_OR_RETURN(
      engine->warm_start,
      ReadWarmStart(config.warm_start, evaluator::LayoutOf(setup.model, setup.plan.granularity),
                    config.target_sparsity));
  return setup;
}

}  // namespace strata::cli
