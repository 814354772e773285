#include "cli/run/search_forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <thread>
#include <utility>
#include <vector>

#include "cli/config/run_config_plan.h"
#include "cli/report/run_report.h"
#include "cli/run/forecast_text.h"
#include "cli/run/search_setup.h"
#include "cli/shared/output.h"
#include "evaluator/measurement/machine.h"
#include "evaluator/names.h"
#include "expr/blockwise.h"
#include "expr/status_macros.h"
#include "search/engine/candidate_resolver.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

// Measured on runs with 24 units: rows, indices and a share of the log.
constexpr double kBytesPerCandidate = 1500;

int64_t PrunableWeights(const evaluator::ModelSummary& model) {
  int64_t weights = 0;
  for (const evaluator::LinearShape& linear : model.linears)
    weights += linear.rows * linear.columns;
  return weights;
}

int64_t TokensOf(const evaluator::Fidelity& fidelity) {
  return fidelity.windows * fidelity.window_tokens;
}

// What the model reads of all tasks in one evaluation of a stage.
struct StageTasks {
  int64_t items = 0;
  TaskReading reading;
};

StageTasks TasksOf(const evaluator::Fidelity& fidelity, const RunTasks& tasks) {
  StageTasks stage;
  if (fidelity.tasks.empty()) return stage;
  const bool is_report = fidelity.split == evaluator::Split::kReport;
  for (const RunTask& task : tasks.tasks) {
    const TaskReading& reading = is_report ? task.report_reading : task.fitness_reading;
    stage.items += is_report ? task.report_items : task.fitness_items;
    stage.reading.sequences += reading.sequences;
    stage.reading.tokens += reading.tokens;
  }
  return stage;
}

Json TasksJson(const SearchSetup& setup) {
  Json json = Json::array();
  for (const RunTask& task : setup.tasks.tasks) {
    const bool is_objective = !setup.plan.search.tasks.empty();
    json.push_back({{"name", task.name},
                    {"metric", task.metric},
                    {"items_per_candidate", is_objective ? task.fitness_items : 0},
                    {"items_per_finalist", task.report_items}});
  }
  return json;
}

// Returns the number of multiplications and additions in the model's linears. Tokens of tasks count
// once, and so do measured tokens, or four times if slopes are propagated back through the model:
// forwards, forwards again, and backwards by inputs and by weights. If each pruned block feeds the
// next, two passes of the calibration tokens are added.
double OperationsOf(const evaluator::Fidelity& fidelity, const evaluator::Calibration& calibration,
                    int64_t task_tokens, int64_t weights) {
  auto tokens = static_cast<double>(TokensOf(fidelity)) * (fidelity.slope_step > 0 ? 4 : 1);
  tokens += static_cast<double>(task_tokens);
  if (fidelity.protocol == evaluator::Protocol::kSequential) {
    tokens += 2 * static_cast<double>(calibration.sequences * calibration.sequence_tokens);
  }
  return 2 * static_cast<double>(weights) * tokens;
}

// Operations per second of all workers of this machine, by arithmetic.
struct Rates {
  double workers = 1;
  double float32 = 0;
  double bfloat16 = 0;

  double Of(evaluator::Arithmetic arithmetic) const {
    return arithmetic == evaluator::Arithmetic::kBFloat16 ? bfloat16 : float32;
  }
};

absl::StatusOr<Rates> MeasureRates(const RunConfig& config) {
  STRATA_ASSIGN_OR_RETURN(const auto machine,
                          evaluator::InspectMachine(static_cast<int>(config.worker_threads)));
  const double processors = std::max(1u, std::thread::hardware_concurrency());
  const double workers =
      std::min(std::max<double>(1, static_cast<double>(config.worker_count)),
               std::max(1.0, processors / static_cast<double>(config.worker_threads)));
  return Rates{workers, 1e9 * workers * machine.float32_gflops,
               1e9 * workers * machine.bfloat16_gflops};
}

// Returns the seconds per evaluation of the search in another run that made the same measurements.
absl::StatusOr<double> SecondsIn(const std::string& run, const SearchSetup& setup) {
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(run));
  search::SessionOptions options;
  workers::FillContexts(setup.plan, setup.model.digest, setup.text_digest, &options);
  STRATA_ASSIGN_OR_RETURN(const auto context, store->Property("search_context"));
  if (context.value_or("") != options.search_context) {
    return absl::FailedPreconditionError(
        fmt::format("--rate-from '{}': expected a run that measured \"{}\", found \"{}\"", run,
                    options.search_context, context.value_or("nothing")));
  }
  STRATA_ASSIGN_OR_RETURN(const auto text, store->Property("seconds_spent"));
  STRATA_ASSIGN_OR_RETURN(const auto report, ReadRunReport(run));
  const std::string digits = text.value_or("");
  double seconds = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (parsed.ec != std::errc() || report.evaluations == 0 || !(seconds > 0)) {
    return absl::FailedPreconditionError(
        fmt::format("--rate-from '{}': expected a run with measurements, found none", run));
  }
  return seconds / static_cast<double>(report.evaluations);
}

Json StageJson(const char* name, const evaluator::Fidelity& fidelity, const SearchSetup& setup,
               const Rates& rates) {
  const StageTasks tasks = TasksOf(fidelity, setup.tasks);
  const double operations = OperationsOf(fidelity, setup.plan.calibration, tasks.reading.tokens,
                                         PrunableWeights(setup.model));
  return {{"stage", name},
          {"protocol", evaluator::NameOf(fidelity.protocol)},
          {"arithmetic", evaluator::NameOf(fidelity.arithmetic)},
          {"measure", evaluator::NameOf(fidelity.measure)},
          {"split", evaluator::NameOf(fidelity.split)},
          {"tokens", TokensOf(fidelity)},
          {"task_items", tasks.items},
          {"task_sequences", tasks.reading.sequences},
          {"task_tokens", tasks.reading.tokens},
          {"seconds_each", operations / rates.Of(fidelity.arithmetic)}};
}

// The features that a search measures before it breeds.
struct FirstFeatures {
  std::vector<std::string> names;      // of subject 0, in the order of their measurement
  std::vector<std::string> take_long;  // those of `names` that take many times as long as a pass
  int64_t measurements = 0;            // on all subjects
  double operations_at_least = 0;      // of distortions and slopes on all subjects
};

// Returns the number of operations of measuring distortion or slope on `units`; 0 for what costs
// little. A distortion runs the model from the unit on, half of it on average.
double OperationsOf(const std::string& feature, const evaluator::Calibration& calibration,
                    double units, double weights) {
  const bool of_distortion = feature.find("distortion") != std::string::npos;
  const bool of_slopes = feature.find("slope") != std::string::npos;
  const int64_t sequences = std::clamp<int64_t>(
      evaluator::kDistortionTokens / calibration.sequence_tokens, 1, calibration.sequences);
  const auto tokens = static_cast<double>(calibration.sequence_tokens);
  return (of_distortion ? units * weights * static_cast<double>(sequences) * tokens : 0) +
         (of_slopes ? 8 * weights * static_cast<double>(calibration.sequences) * tokens : 0);
}

// Nothing is told to the engine, so it hands out all work items that need no results, and the
// features are among them.
FirstFeatures FirstFeaturesOf(search::Engine* engine, const SearchSetup& setup) {
  FirstFeatures first;
  const auto weights = static_cast<double>(PrunableWeights(setup.model));
  const expr::UnitLayout& layout = engine->features(0).layout();
  for (search::Action action = engine->Ask(); std::holds_alternative<search::WorkItem>(action);
       action = engine->Ask()) {
    const auto* profile =
        std::get_if<search::ProfileWork>(&std::get<search::WorkItem>(action).work);
    if (profile == nullptr) continue;
    for (const std::string& feature : profile->features) {
      ++first.measurements;
      const double units =
          expr::FeatureOfBlocks(feature) ? setup.model.blocks : static_cast<double>(layout.size());
      first.operations_at_least += OperationsOf(feature, setup.plan.calibration, units, weights);
      if (profile->subject != 0) continue;
      first.names.push_back(feature);
      if (search::CandidateResolver::TakesLong(feature)) first.take_long.push_back(feature);
    }
  }
  return first;
}

int64_t BaselineSettings(const search::Engine& engine) {
  int64_t settings = 0;
  for (const search::Candidate& candidate : engine.candidates()) {
    settings += candidate.lineage.origin == "baseline" ? 1 : 0;
  }
  return settings;
}

// Stages of a search, and the seconds of one evaluation where they are needed again.
struct Stages {
  Json list = Json::array();
  double search_seconds = 0;         // of one evaluation in the search
  double exact_seconds = 0;          // of one finalist: selection and report
  double refinement_seconds = 0;     // of one evaluation in the refinement; 0 without refinement
  double seconds_per_operation = 0;  // in float32
  std::string rate;                  // where the seconds come from
};

// Sets the rates to those that real evaluations reach, as far as the probe says. Returns where the
// rates come from.
absl::StatusOr<std::string> ProbeRates(const SearchSetup& setup,
                                       const expr::AllocationTarget& target, const Probe& probe,
                                       Rates* rates) {
  if (probe == nullptr) {
    return "the GEMM rate of this machine, measured now: a lower bound";
  }
  STRATA_ASSIGN_OR_RETURN(const double seconds, probe(setup, target));
  const evaluator::Fidelity& fidelity = setup.plan.search;
  const double bound =
      OperationsOf(fidelity, setup.plan.calibration, TasksOf(fidelity, setup.tasks).reading.tokens,
                   PrunableWeights(setup.model)) /
      rates->Of(fidelity.arithmetic);
  const double slowdown = seconds / rates->workers / bound;
  rates->float32 /= slowdown;
  rates->bfloat16 /= slowdown;
  return fmt::format("one evaluation, measured now: {:.3g} s of a worker", seconds);
}

// Returns the stages that the configuration leads to.
absl::StatusOr<Stages> StagesOf(const SearchSetup& setup, const expr::AllocationTarget& target,
                                const ForecastRate& rate) {
  STRATA_ASSIGN_OR_RETURN(auto rates, MeasureRates(setup.config));
  Stages stages;
  STRATA_ASSIGN_OR_RETURN(
      stages.rate,
      ProbeRates(setup, target, rate.rate_from.empty() ? rate.probe : nullptr, &rates));
  stages.seconds_per_operation = 1 / rates.float32;
  // Appends a stage and returns the seconds of one evaluation in it.
  const auto append = [&](const char* name, const evaluator::Fidelity& fidelity) {
    stages.list.push_back(StageJson(name, fidelity, setup, rates));
    return stages.list.back()["seconds_each"].get<double>();
  };
  for (const evaluator::Fidelity& rung : setup.plan.racing) append("racing", rung);
  stages.search_seconds = append("search", setup.plan.search);
  if (!rate.rate_from.empty()) {
    STRATA_ASSIGN_OR_RETURN(stages.search_seconds, SecondsIn(rate.rate_from, setup));
    stages.list.back()["seconds_each"] = stages.search_seconds;
    stages.rate = "of the run " + rate.rate_from;
  }
  stages.exact_seconds = append("selection", setup.plan.select);
  stages.exact_seconds += append("report", setup.plan.verify);
  if (RefineEvaluationsOf(setup.config) > 0) {
    for (const evaluator::Fidelity& rung : setup.plan.refine_rungs) append("refinement", rung);
    stages.refinement_seconds = append("refinement", setup.plan.refine);
    if (RefinesAlongSlopes(setup.config)) append("slopes", setup.plan.slope);
  }
  return stages;
}

// Number of evaluations that the budgets allow; infinite without a limit.
struct EvaluationBudget {
  double evaluations = 0;
  const char* limited_by = "nothing";
};

// `seeds` is the number of baseline settings and warm starts, all that a search that breeds nothing
// measures.
EvaluationBudget BudgetOf(const RunConfig& config, double seconds_each, int64_t seeds) {
  const double in_time = config.minutes > 0 ? config.minutes * 60 / seconds_each : INFINITY;
  const bool breeds = search::Breeds(config.strategy);
  const int64_t most = breeds ? SearchEvaluationsOf(config) : seeds;
  const double limit = most > 0 ? static_cast<double>(most) : INFINITY;
  const double evaluations = std::min(in_time, limit);
  return {evaluations, !std::isfinite(evaluations) ? "nothing"
                       : limit > in_time           ? "time"
                       : breeds                    ? "evaluations"
                                                   : "baselines"};
}

}  // namespace

absl::StatusOr<Json> ForecastSearch(const RunConfig& config, const ForecastRate& rate) {
  search::EngineOptions options;
  STRATA_ASSIGN_OR_RETURN(const auto setup, CheckSearch(config, &options));
  const evaluator::Calibration& calibration = setup.plan.calibration;
  const expr::UnitLayout layout = evaluator::LayoutOf(setup.model, setup.plan.granularity);
  STRATA_ASSIGN_OR_RETURN(const auto engine, search::Engine::Create(options, layout));
  const FirstFeatures features = FirstFeaturesOf(engine.get(), setup);
  STRATA_ASSIGN_OR_RETURN(auto stages, StagesOf(setup, options.target, rate));

  const RunConfig& effective = setup.config;
  const auto finalists = static_cast<int64_t>(options.baselines.size()) + effective.finalists;
  const int64_t settings = BaselineSettings(*engine);
  const EvaluationBudget budget = BudgetOf(
      effective, stages.search_seconds, settings + static_cast<int64_t>(options.warm_start.size()));
  const bool is_limited = std::isfinite(budget.evaluations);
  const double beyond = std::max(0.0, static_cast<double>(settings) - budget.evaluations);
  // Some candidates share the allocation of another one.
  const double candidates = budget.evaluations * 1.1;
  return Json{
      {"model", setup.model.name},
      {"units", layout.size()},
      {"target_sparsity", effective.target_sparsity},
      {"target_bytes_share", effective.target_bytes_share},
      {"baselines", options.baselines.size()},
      {"baseline_settings", settings},
      {"baseline_settings_not_reached_at_most", static_cast<int64_t>(std::ceil(beyond))},
      {"warm_start", options.warm_start.size()},
      {"random_candidates", options.random_candidates},
      {"features", features.names},
      {"features_that_take_long", features.take_long},
      {"feature_measurements", features.measurements},
      {"features_seconds_at_least", features.operations_at_least * stages.seconds_per_operation},
      {"calibration_tokens", calibration.sequences * calibration.sequence_tokens},
      {"tasks", TasksJson(setup)},
      {"stages", std::move(stages.list)},
      {"evaluations", is_limited ? Json(std::floor(budget.evaluations)) : Json(nullptr)},
      {"limited_by", budget.limited_by},
      {"finalists_at_most", finalists},
      {"rate", stages.rate},
      {"search_seconds",
       is_limited ? Json(budget.evaluations * stages.search_seconds) : Json(nullptr)},
      // The dense model is measured beside the finalists.
      {"exact_seconds_at_least", static_cast<double>(finalists + 1) * stages.exact_seconds},
      {"refinement_seconds_at_least",
       static_cast<double>(RefineEvaluationsOf(effective)) * stages.refinement_seconds},
      {"worker_bytes_at_least", 4 * PrunableWeights(setup.model)},
      {"disk_bytes", is_limited
                         ? Json(std::ceil(candidates * (kBytesPerCandidate + 8.0 * layout.size())))
                         : Json(nullptr)}};
}

absl::Status PrintForecast(const RunConfig& config, const ForecastRate& rate, OutputFormat format,
                           const Page& page) {
  STRATA_ASSIGN_OR_RETURN(const auto forecast, ForecastSearch(config, rate));
  if (format == OutputFormat::kJson) {
    PrintJson(forecast);
  } else {
    fmt::print("{}", ForecastText(forecast, page));
  }
  return absl::OkStatus();
}

}  // namespace strata::cli
