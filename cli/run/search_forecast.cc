#include "cli/run/search_forecast.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <thread>
#include <utility>
#include <vector>

#include "cli/report/run_report.h"
#include "cli/run/search_setup.h"
#include "cli/shared/output.h"
#include "cli/shared/work_progress.h"
#include "evaluator/measurement/machine.h"
#include "evaluator/names.h"
#include "expr/status_macros.h"

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

// Returns the number of multiplications and additions in the model's linears. Measured tokens count
// once, or four times if slopes are propagated back through the model: forwards, forwards again,
// and backwards by inputs and by weights. If each pruned block feeds the next, two passes of the
// calibration tokens are added.
double OperationsOf(const evaluator::Fidelity& fidelity, const evaluator::Calibration& calibration,
                    int64_t weights) {
  auto tokens = static_cast<double>(TokensOf(fidelity)) * (fidelity.slope_step > 0 ? 4 : 1);
  if (fidelity.protocol == evaluator::Protocol::kSequential) {
    tokens += 2 * static_cast<double>(calibration.sequences * calibration.sequence_tokens);
  }
  return 2 * static_cast<double>(weights) * tokens;
}

// Operations per second of all workers of this machine, by arithmetic.
struct Rates {
  double float32 = 0;
  double bfloat16 = 0;
};

absl::StatusOr<Rates> MeasureRates(const RunConfig& config) {
  STRATA_ASSIGN_OR_RETURN(const auto machine,
                          evaluator::InspectMachine(static_cast<int>(config.worker_threads)));
  const double processors = std::max(1u, std::thread::hardware_concurrency());
  const double workers =
      std::min(std::max<double>(1, static_cast<double>(config.worker_count)),
               std::max(1.0, processors / static_cast<double>(config.worker_threads)));
  return Rates{1e9 * workers * machine.float32_gflops, 1e9 * workers * machine.bfloat16_gflops};
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

Json StageJson(const char* name, const evaluator::Fidelity& fidelity,
               const evaluator::Calibration& calibration, int64_t weights, const Rates& rates) {
  const double rate =
      fidelity.arithmetic == evaluator::Arithmetic::kBFloat16 ? rates.bfloat16 : rates.float32;
  return {{"stage", name},
          {"protocol", evaluator::NameOf(fidelity.protocol)},
          {"arithmetic", evaluator::NameOf(fidelity.arithmetic)},
          {"split", evaluator::NameOf(fidelity.split)},
          {"tokens", TokensOf(fidelity)},
          {"seconds_each", OperationsOf(fidelity, calibration, weights) / rate}};
}

// Returns the features that the first work item of the search measures.
std::vector<std::string> FirstFeatures(search::Engine* engine) {
  const search::Action first = engine->Ask();
  const auto* item = std::get_if<search::WorkItem>(&first);
  const auto* profile = item == nullptr ? nullptr : std::get_if<search::ProfileWork>(&item->work);
  return profile == nullptr ? std::vector<std::string>() : profile->features;
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
  double search_seconds = 0;      // of one evaluation in the search
  double exact_seconds = 0;       // of one finalist: selection and report
  double refinement_seconds = 0;  // of one evaluation in the refinement; 0 without refinement
};

// Returns the stages that the configuration leads to. If `rate_from` names a run's folder, the
// seconds of an evaluation in the search are those measured in that run.
absl::StatusOr<Stages> StagesOf(const SearchSetup& setup, const std::string& rate_from) {
  STRATA_ASSIGN_OR_RETURN(const auto rates, MeasureRates(setup.config));
  const int64_t weights = PrunableWeights(setup.model);
  Stages stages;
  // Appends a stage and returns the seconds of one evaluation in it.
  const auto append = [&](const char* name, const evaluator::Fidelity& fidelity) {
    stages.list.push_back(StageJson(name, fidelity, setup.plan.calibration, weights, rates));
    return stages.list.back()["seconds_each"].get<double>();
  };
  for (const evaluator::Fidelity& rung : setup.plan.racing) append("racing", rung);
  stages.search_seconds = append("search", setup.plan.search);
  if (!rate_from.empty()) {
    STRATA_ASSIGN_OR_RETURN(stages.search_seconds, SecondsIn(rate_from, setup));
    stages.list.back()["seconds_each"] = stages.search_seconds;
  }
  stages.exact_seconds = append("selection", setup.plan.select);
  stages.exact_seconds += append("report", setup.plan.verify);
  if (setup.config.refine_evaluations > 0) {
    stages.refinement_seconds = append("refinement", setup.plan.refine);
    if (setup.config.refine_slopes) append("slopes", setup.plan.slope);
  }
  return stages;
}

// Number of evaluations that the budgets allow; infinite without a limit.
struct EvaluationBudget {
  double evaluations = 0;
  const char* limited_by = "nothing";
};

EvaluationBudget BudgetOf(const RunConfig& config, double seconds_each) {
  const double in_time = config.minutes > 0 ? config.minutes * 60 / seconds_each : INFINITY;
  const double limit =
      config.maximum_evaluations > 0 ? static_cast<double>(config.maximum_evaluations) : INFINITY;
  const double evaluations = std::min(in_time, limit);
  return {evaluations, !std::isfinite(evaluations) ? "nothing"
                       : limit <= in_time          ? "evaluations"
                                                   : "time"};
}

}  // namespace

absl::StatusOr<Json> ForecastSearch(const RunConfig& config, const std::string& rate_from) {
  search::EngineOptions options;
  STRATA_ASSIGN_OR_RETURN(const auto setup, CheckSearch(config, &options));
  const evaluator::Calibration& calibration = setup.plan.calibration;
  const expr::UnitLayout layout = evaluator::LayoutOf(setup.model, setup.plan.granularity);
  STRATA_ASSIGN_OR_RETURN(const auto engine, search::Engine::Create(options, layout));
  const std::vector<std::string> features = FirstFeatures(engine.get());
  STRATA_ASSIGN_OR_RETURN(auto stages, StagesOf(setup, rate_from));

  const RunConfig& effective = setup.config;
  const auto finalists = static_cast<int64_t>(options.baselines.size()) + effective.finalists;
  const EvaluationBudget budget = BudgetOf(effective, stages.search_seconds);
  const bool is_limited = std::isfinite(budget.evaluations);
  const int64_t settings = BaselineSettings(*engine);
  const double beyond = std::max(0.0, static_cast<double>(settings) - budget.evaluations);
  // Some candidates share the allocation of another one.
  const double candidates = budget.evaluations * 1.1;
  return Json{
      {"model", setup.model.name},
      {"units", layout.size()},
      {"target_sparsity", effective.target_sparsity},
      {"baselines", options.baselines.size()},
      {"baseline_settings", settings},
      {"baseline_settings_not_reached_at_most", static_cast<int64_t>(std::ceil(beyond))},
      {"warm_start", options.warm_start.size()},
      {"random_candidates", options.random_candidates},
      {"features", features},
      {"calibration_tokens", calibration.sequences * calibration.sequence_tokens},
      {"stages", std::move(stages.list)},
      {"evaluations", is_limited ? Json(std::floor(budget.evaluations)) : Json(nullptr)},
      {"limited_by", budget.limited_by},
      {"finalists_at_most", finalists},
      {"rate", rate_from.empty() ? "the GEMM rate of this machine, measured now: a lower bound"
                                 : "of the run " + rate_from},
      {"search_seconds",
       is_limited ? Json(budget.evaluations * stages.search_seconds) : Json(nullptr)},
      {"exact_seconds_at_least", static_cast<double>(finalists) * stages.exact_seconds},
      {"refinement_seconds_at_least",
       static_cast<double>(effective.refine_evaluations) * stages.refinement_seconds},
      {"worker_bytes_at_least", 4 * PrunableWeights(setup.model)},
      {"disk_bytes", is_limited
                         ? Json(std::ceil(candidates * (kBytesPerCandidate + 8.0 * layout.size())))
                         : Json(nullptr)}};
}

std::string ForecastText(const Json& f, const Page& page) {
  const auto number = [](const Json& value) {
    return value.is_null() ? std::string("no limit") : fmt::format("{:.0f}", value.get<double>());
  };
  std::string text =
      fmt::format("{} at {}: one sparsity for each of {} units\n", f["model"].get<std::string>(),
                  f["target_sparsity"].get<double>(), f["units"].get<size_t>());
  text += fmt::format(
      "{} settings of {} baselines, {} functions of a warm start, {} random ones, then "
      "offspring\n",
      f["baseline_settings"].get<int64_t>(), f["baselines"].get<size_t>(),
      f["warm_start"].get<size_t>(), f["random_candidates"].get<int>());
  text += fmt::format("features of the first pass over {} calibration tokens: {}\n",
                      f["calibration_tokens"].get<int64_t>(),
                      fmt::join(f["features"].get<std::vector<std::string>>(), ", "));
  Table table(
      {"stage", "protocol", "arithmetic", "split", "tokens", "seconds each"},
      {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight, Align::kRight});
  table.GiveWay(0);
  for (const Json& stage : f["stages"]) {
    table.AddRow({stage["stage"], stage["protocol"], stage["arithmetic"], stage["split"],
                  fmt::format("{}", stage["tokens"].get<int64_t>()),
                  fmt::format("{:.3f}", stage["seconds_each"].get<double>())});
  }
  text += table.Render(page);
  text += fmt::format("evaluations: {}, limited by {}; finalists measured exactly: at most {}\n",
                      number(f["evaluations"]), f["limited_by"].get<std::string>(),
                      f["finalists_at_most"].get<int64_t>());
  if (const int64_t beyond = f["baseline_settings_not_reached_at_most"]; beyond > 0) {
    text += fmt::format(
        "the search ends before it breeds: up to {} of the {} settings of baselines are not "
        "reached; for more, raise search.maximum_evaluations or search.minutes, or name fewer in "
        "search.baselines\n",
        beyond, f["baseline_settings"].get<int64_t>());
  }
  const double refinement = f["refinement_seconds_at_least"];
  text += fmt::format(
      "time: search {}, then selection and report at least {}{} (rate: {})\n",
      f["search_seconds"].is_null() ? "without limit"
                                    : DurationText(f["search_seconds"].get<double>()),
      DurationText(f["exact_seconds_at_least"].get<double>()),
      refinement > 0 ? fmt::format(", refinement at least {}", DurationText(refinement)) : "",
      f["rate"].get<std::string>());
  text += fmt::format("memory of a worker: at least {:.2f} GB; disk: {}\n",
                      f["worker_bytes_at_least"].get<double>() / 1e9,
                      f["disk_bytes"].is_null()
                          ? "as long as it runs"
                          : fmt::format("{:.1f} MB", f["disk_bytes"].get<double>() / 1e6));
  return Folded(text, page);
}

absl::Status PrintForecast(const RunConfig& config, const std::string& rate_from,
                           OutputFormat format, const Page& page) {
  STRATA_ASSIGN_OR_RETURN(const auto forecast, ForecastSearch(config, rate_from));
  if (format == OutputFormat::kJson) {
    PrintJson(forecast);
  } else {
    fmt::print("{}", ForecastText(forecast, page));
  }
  return absl::OkStatus();
}

}  // namespace strata::cli
