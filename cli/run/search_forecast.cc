#include "cli/run/search_forecast.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "cli/report/run_report.h"
#include "cli/run/search_setup.h"
#include "cli/shared/json_text.h"
#include "cli/shared/table.h"
#include "cli/shared/work_progress.h"
#include "evaluator/measurement/model_evaluator.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

// Measured on runs with 24 units: rows, indices and the share of the log.
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

// Multiplications and additions of the model's linears: those of the measured tokens, four times
// where slopes go back through the model (forwards, again, and by inputs and weights), and, where
// each pruned block feeds the next, two passes of the calibration tokens.
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
  const auto machine = evaluator::InspectMachine(static_cast<int>(config.worker_threads));
  if (!machine.ok()) return machine.status();
  const double processors = std::max(1u, std::thread::hardware_concurrency());
  const double workers =
      std::min(std::max<double>(1, static_cast<double>(config.worker_count)),
               std::max(1.0, processors / static_cast<double>(config.worker_threads)));
  return Rates{1e9 * workers * machine->float32_gflops, 1e9 * workers * machine->bfloat16_gflops};
}

// Seconds of the search part per evaluation in another run of the same measurements.
absl::StatusOr<double> SecondsIn(const std::string& run, const SearchSetup& setup) {
  const auto store = search::RunStore::OpenForReading(run);
  if (!store.ok()) return store.status();
  search::SessionOptions options;
  workers::FillContexts(setup.plan, setup.model.digest, setup.text_digest, &options);
  const auto context = (*store)->Property("search_context");
  if (!context.ok()) return context.status();
  if (context->value_or("") != options.search_context) {
    return absl::FailedPreconditionError(
        fmt::format("--rate-from '{}': expected a run that measured \"{}\", found \"{}\"", run,
                    options.search_context, context->value_or("nothing")));
  }
  const auto text = (*store)->Property("seconds_spent");
  if (!text.ok()) return text.status();
  const auto report = ReadRunReport(run);
  if (!report.ok()) return report.status();
  const std::string digits = text->value_or("");
  double seconds = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (parsed.ec != std::errc() || report->evaluations == 0 || !(seconds > 0)) {
    return absl::FailedPreconditionError(
        fmt::format("--rate-from '{}': expected a run with measurements, found none", run));
  }
  return seconds / static_cast<double>(report->evaluations);
}

Json RungJson(const char* name, const evaluator::Fidelity& fidelity,
              const evaluator::Calibration& calibration, int64_t weights,
              const std::optional<Rates>& rates) {
  Json rung = {{"rung", name},
               {"protocol", workers::NameOf(fidelity.protocol)},
               {"arithmetic", workers::NameOf(fidelity.arithmetic)},
               {"split", workers::NameOf(fidelity.split)},
               {"tokens", TokensOf(fidelity)},
               {"seconds_each", nullptr}};
  if (rates) {
    const double rate =
        fidelity.arithmetic == evaluator::Arithmetic::kBFloat16 ? rates->bfloat16 : rates->float32;
    rung["seconds_each"] = OperationsOf(fidelity, calibration, weights) / rate;
  }
  return rung;
}

}  // namespace

absl::StatusOr<Json> ForecastSearch(const RunConfig& config, const std::string& rate_from) {
  search::EngineOptions options;
  const auto setup = CheckSearch(config, &options);
  if (!setup.ok()) return setup.status();
  const evaluator::Calibration& calibration = setup->plan.calibration;
  const expr::UnitLayout layout = evaluator::LayoutOf(setup->model, setup->plan.granularity);
  const auto engine = search::Engine::Create(options, layout);
  if (!engine.ok()) return engine.status();
  const search::Action first = (*engine)->Ask();
  std::vector<std::string> features;
  if (const auto* task = std::get_if<search::Task>(&first)) {
    if (const auto* profile = std::get_if<search::ProfileTask>(&task->work)) {
      features = profile->features;
    }
  }
  int64_t settings = 0;
  for (const search::Candidate& candidate : (*engine)->candidates()) {
    settings += candidate.lineage.origin == "baseline" ? 1 : 0;
  }
  const int64_t weights = PrunableWeights(setup->model);
  const auto rates = MeasureRates(setup->config);
  if (!rates.ok()) return rates.status();
  Json rungs = Json::array();
  for (size_t i = 0; i < setup->plan.racing.size(); ++i) {
    rungs.push_back(RungJson("racing", setup->plan.racing[i], calibration, weights, *rates));
  }
  rungs.push_back(RungJson("search", setup->plan.search, calibration, weights, *rates));
  double seconds_each = rungs.back()["seconds_each"];
  if (!rate_from.empty()) {
    const auto measured = SecondsIn(rate_from, *setup);
    if (!measured.ok()) return measured.status();
    rungs.back()["seconds_each"] = seconds_each = *measured;
  }
  rungs.push_back(RungJson("selection", setup->plan.select, calibration, weights, *rates));
  rungs.push_back(RungJson("report", setup->plan.verify, calibration, weights, *rates));

  const RunConfig& effective = setup->config;
  const auto finalists = static_cast<int64_t>(options.baselines.size()) + effective.finalists;
  const double exact =
      static_cast<double>(finalists) * (rungs[rungs.size() - 2]["seconds_each"].get<double>() +
                                        rungs.back()["seconds_each"].get<double>());
  double refinement = 0;
  if (effective.refine_evaluations > 0) {
    rungs.push_back(RungJson("refinement", setup->plan.refine, calibration, weights, *rates));
    refinement = static_cast<double>(effective.refine_evaluations) *
                 rungs.back()["seconds_each"].get<double>();
    if (effective.refine_slopes) {
      rungs.push_back(RungJson("slopes", setup->plan.slope, calibration, weights, *rates));
    }
  }
  const double in_time = effective.minutes > 0 ? effective.minutes * 60 / seconds_each : INFINITY;
  const double limit = effective.maximum_evaluations > 0
                           ? static_cast<double>(effective.maximum_evaluations)
                           : INFINITY;
  const double evaluations = std::min(in_time, limit);
  const bool is_limited = std::isfinite(evaluations);
  const double candidates = evaluations * 1.1;  // some have the allocation of another
  return Json{
      {"model", setup->model.name},
      {"units", layout.size()},
      {"target_sparsity", effective.target_sparsity},
      {"baselines", options.baselines.size()},
      {"baseline_settings", settings},
      {"warm_start", options.warm_start.size()},
      {"random_candidates", options.random_candidates},
      {"features", features},
      {"calibration_tokens", calibration.sequences * calibration.sequence_tokens},
      {"rungs", std::move(rungs)},
      {"evaluations", is_limited ? Json(std::floor(evaluations)) : Json(nullptr)},
      {"limited_by", !is_limited        ? "nothing"
                     : limit <= in_time ? "evaluations"
                                        : "time"},
      {"finalists_at_most", finalists},
      {"rate", rate_from.empty() ? "the GEMM rate of this machine, measured now: a lower bound"
                                 : "of the run " + rate_from},
      {"search_seconds", is_limited ? Json(evaluations * seconds_each) : Json(nullptr)},
      {"exact_seconds_at_least", exact},
      {"refinement_seconds_at_least", refinement},
      {"worker_bytes_at_least", 4 * weights},
      {"disk_bytes", is_limited
                         ? Json(std::ceil(candidates * (kBytesPerCandidate + 8.0 * layout.size())))
                         : Json(nullptr)}};
}

absl::Status PrintForecast(const RunConfig& config, const std::string& rate_from,
                           OutputFormat format) {
  const auto forecast = ForecastSearch(config, rate_from);
  if (!forecast.ok()) return forecast.status();
  if (format == OutputFormat::kJson) {
    PrintJson(*forecast);
    return absl::OkStatus();
  }
  const Json& f = *forecast;
  const auto number = [](const Json& value) {
    return value.is_null() ? std::string("no limit") : fmt::format("{:.0f}", value.get<double>());
  };
  fmt::print("{} at {}: one sparsity for each of {} units\n", f["model"].get<std::string>(),
             f["target_sparsity"].get<double>(), f["units"].get<size_t>());
  fmt::print(
      "{} settings of {} baselines, {} functions of a warm start, {} random ones, then "
      "offspring\n",
      f["baseline_settings"].get<int64_t>(), f["baselines"].get<size_t>(),
      f["warm_start"].get<size_t>(), f["random_candidates"].get<int>());
  fmt::print("features of the first pass over {} calibration tokens: {}\n",
             f["calibration_tokens"].get<int64_t>(),
             fmt::join(f["features"].get<std::vector<std::string>>(), ", "));
  Table table(
      {"rung", "protocol", "arithmetic", "split", "tokens", "seconds each"},
      {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kRight, Align::kRight});
  for (const Json& rung : f["rungs"]) {
    table.AddRow({rung["rung"], rung["protocol"], rung["arithmetic"], rung["split"],
                  fmt::format("{}", rung["tokens"].get<int64_t>()),
                  fmt::format("{:.3f}", rung["seconds_each"].get<double>())});
  }
  fmt::print("{}", table.Render());
  fmt::print("evaluations: {}, limited by {}; finalists measured exactly: at most {}\n",
             number(f["evaluations"]), f["limited_by"].get<std::string>(),
             f["finalists_at_most"].get<int64_t>());
  const double refinement = f["refinement_seconds_at_least"];
  fmt::print(
      "time: search {}, then selection and report at least {}{} (rate: {})\n",
      f["search_seconds"].is_null() ? "without limit"
                                    : DurationText(f["search_seconds"].get<double>()),
      DurationText(f["exact_seconds_at_least"].get<double>()),
      refinement > 0 ? fmt::format(", refinement at least {}", DurationText(refinement)) : "",
      f["rate"].get<std::string>());
  fmt::print("memory of a worker: at least {:.2f} GB; disk: {}\n",
             f["worker_bytes_at_least"].get<double>() / 1e9,
             f["disk_bytes"].is_null()
                 ? "as long as it runs"
                 : fmt::format("{:.1f} MB", f["disk_bytes"].get<double>() / 1e6));
  return absl::OkStatus();
}

}  // namespace strata::cli
