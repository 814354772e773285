#include "cli/report/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <tuple>

#include "cli/config/robust_config.h"
#include "cli/config/run_config_plan.h"
#include "cli/report/rank_correlation.h"
#include "expr/status_macros.h"
#include "search/engine/archive.h"
#include "search/engine/best_candidate.h"
#include "search/engine/finals.h"
#include "search/engine/progress.h"
#include "search/pareto/hypervolume.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;

// Returns the number of settings of the baselines, including those that the time did not reach.
absl::StatusOr<int64_t> BaselineSettings(const search::RunStore& store) {
  STRATA_ASSIGN_OR_RETURN(const auto text, store.Property(kBaselineSettingsProperty));
  const std::string digits = text.value_or("");
  int64_t settings = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), settings).ec != std::errc()) {
    return absl::DataLossError(
        fmt::format("the run lacks the property '{}', a whole number", kBaselineSettingsProperty));
  }
  return settings;
}

// Reads a number that older runs lack, and runs that have not measured it yet.
template <typename Number>
absl::StatusOr<std::optional<Number>> NumberOf(const search::RunStore& store, const char* name) {
  STRATA_ASSIGN_OR_RETURN(const auto text, store.Property(name));
  if (!text) return std::optional<Number>();
  Number number{};
  const char* const end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc() && at == end) return std::optional<Number>(number);
  return absl::DataLossError(
      fmt::format("property '{}' of the run: expected a number, found \"{}\"", name, *text));
}

absl::Status ReadDense(const search::RunStore& store, RunReport* report) {
  DenseLosses& dense = report->dense;
  for (const auto& [name, loss] : {std::pair{search::kDenseFitnessProperty, &dense.fitness_nll},
                                   {search::kDenseSelectionProperty, &dense.selection_nll},
                                   {search::kDenseReportProperty, &dense.report_nll}}) {
    STRATA_ASSIGN_OR_RETURN(*loss, NumberOf<double>(store, name));
  }
  STRATA_ASSIGN_OR_RETURN(const auto vocabulary, NumberOf<int64_t>(store, kVocabularyProperty));
  report->vocabulary = vocabulary.value_or(0);
  return absl::OkStatus();
}

std::vector<std::string> ObjectivesOf(const RunConfig& config) {
  const int scenarios = std::max(1, static_cast<int>(ScenarioNames(config).size()));
  return search::ScenarioObjectives(config.objectives, config.robust_aggregate, scenarios);
}

// Returns the first objective, which the surrogate forecasts.
std::optional<double> FirstObjective(const RunConfig& config, const StoredCandidate& candidate) {
  if (config.robust_aggregate != search::Aggregate::kPareto || candidate.scenarios.empty()) {
    return candidate.fitness_nll;
  }
  return candidate.scenarios.front().fitness_nll;
}

// Returns the hypervolume as the engine computes it.
double HypervolumeOf(const RunReport& report, const std::vector<StoredCandidate>& candidates) {
  const std::vector<std::string> names = ObjectivesOf(report.config);
  const auto point = [&](const StoredCandidate& candidate) {
    search::Objectives objectives;
    size_t measure = 0;
    for (const std::string& name : names) {
      const int scenario = search::ScenarioOfLossName(name);
      objectives.push_back(scenario >= 0 ? *candidate.scenarios[size_t(scenario)].fitness_nll
                           : name == search::kLoss       ? *candidate.fitness_nll
                           : name == search::kComplexity ? candidate.complexity
                                                         : candidate.measures[measure++]);
    }
    return objectives;
  };
  const auto first = std::find_if(candidates.begin(), candidates.end(),
                                  [](const auto& c) { return c.fitness_nll.has_value(); });
  if (first == candidates.end()) return 0;
  std::vector<search::Objectives> points;
  for (const StoredCandidate& candidate : report.front) points.push_back(point(candidate));
  return search::Hypervolume(
      points, search::HypervolumeReference(point(*first), names,
                                           report.config.variation.maximum_nodes + 1));
}

// Returns the candidate with the lowest `loss` among those that have one. If losses are equal, the
// simpler candidate wins, then the earlier one.
std::optional<StoredCandidate> Lowest(const std::vector<StoredCandidate>& candidates,
                                      std::optional<double> StoredCandidate::*loss) {
  const StoredCandidate* best = nullptr;
  for (const StoredCandidate& candidate : candidates) {
    if (!(candidate.*loss).has_value()) continue;
    if (best == nullptr || std::tuple(*(candidate.*loss), candidate.complexity, candidate.id) <
                               std::tuple(*(best->*loss), best->complexity, best->id)) {
      best = &candidate;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

// Errors: NotFound if the run has no configuration.
absl::StatusOr<RunConfig> ReadConfig(const search::RunStore& store, const std::string& folder) {
  STRATA_ASSIGN_OR_RETURN(const auto yaml, store.Property(search::kConfigProperty));
  if (!yaml.has_value()) {
    return absl::NotFoundError(
        fmt::format("'{}' holds no configuration: the run never started", folder));
  }
  return RunConfigFromYaml(*yaml, folder + "/config");
}

// Reads what the run keeps about itself as a whole. Errors: NotFound if it has no configuration.
absl::Status ReadProperties(const search::RunStore& store, const std::string& folder,
                            RunReport* report) {
  STRATA_ASSIGN_OR_RETURN(report->config, ReadConfig(store, folder));
  STRATA_ASSIGN_OR_RETURN(const auto tasks, store.Property(kTasksProperty));
  STRATA_ASSIGN_OR_RETURN(report->tasks, RunTasksFromJson(tasks.value_or("")));
  STRATA_ASSIGN_OR_RETURN(const auto references,
                          store.Property(search::kScenarioReferencesProperty));
  STRATA_ASSIGN_OR_RETURN(report->references,
                          search::ParseScenarioReferences(references.value_or("")));
  STRATA_RETURN_IF_ERROR(ReadDense(store, report));
  STRATA_ASSIGN_OR_RETURN(report->baseline_settings, BaselineSettings(store));
  STRATA_ASSIGN_OR_RETURN(const auto reason, store.Property(search::kEndReasonProperty));
  report->end_reason = reason.value_or("");
  return absl::OkStatus();
}

// Reads the losses by window of the best refined allocation. Errors: DataLoss if the store lacks
// the measurement that this allocation is said to have.
absl::Status ReadRefinedWindows(const search::RunStore& store, RunReport* report) {
  if (!report->refinement || !report->refinement->best.report_nll) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(
      auto measured,
      ReadVerifiedOutcome(store, report->refinement->best.allocation, "of the refinement"));
  report->refined_window_nll = std::move(measured.window_nll);
  return absl::OkStatus();
}

// Fills the groups that the report shows: front, baselines and other finalists.
void SortIntoGroups(const std::vector<StoredCandidate>& candidates, RunReport* report) {
  for (const StoredCandidate& candidate : candidates) {
    if (candidate.on_front) report->front.push_back(candidate);
    if (candidate.best_of_baseline) report->baselines.push_back(candidate);
    if (candidate.selection_nll.has_value() && !candidate.on_front && !candidate.best_of_baseline &&
        !candidate.same_as.has_value()) {
      report->other_finalists.push_back(candidate);
    }
  }
  std::stable_sort(report->front.begin(), report->front.end(),
                   [](const auto& a, const auto& b) { return a.complexity < b.complexity; });
  std::stable_sort(
      report->other_finalists.begin(), report->other_finalists.end(),
      [](const auto& a, const auto& b) { return *a.selection_nll < *b.selection_nll; });
}

// Counts candidates, distinct allocations, failures and settings of baselines.
void CountCandidates(const std::vector<StoredCandidate>& candidates, RunReport* report) {
  report->candidates = static_cast<int64_t>(candidates.size());
  std::map<std::string, int64_t> failures;
  for (const StoredCandidate& candidate : candidates) {
    const bool is_distinct = !candidate.same_as.has_value();
    const bool is_measured = candidate.fitness_nll.has_value();
    if (candidate.stopped_early && is_distinct) ++report->stopped_early;
    if ((is_measured || candidate.stopped_early) && is_distinct) ++report->evaluations;
    if (candidate.lineage.origin == "baseline" && (is_measured || !candidate.failure.empty())) {
      ++report->baseline_settings_measured;
    }
    if (candidate.failure.empty()) continue;
    ++report->failed;
    const int64_t count = ++failures[candidate.failure];
    if (report->commonest_failure.empty() || count > failures[report->commonest_failure]) {
      report->commonest_failure = candidate.failure;
    }
  }
}

// Computes how well the fitness predicts the selection, and the surrogate's forecasts the fitness.
void RateMeasurements(const std::vector<StoredCandidate>& candidates, RunReport* report) {
  std::vector<std::pair<double, double>> fitness_and_selection, forecast_and_fitness;
  double squares = 0;
  for (const StoredCandidate& candidate : candidates) {
    if (candidate.fitness_nll && candidate.selection_nll && !candidate.same_as) {
      fitness_and_selection.emplace_back(*candidate.fitness_nll, *candidate.selection_nll);
    }
    if (candidate.forecast && candidate.fitness_nll) {
      const double forecast = candidate.forecast->nll;
      const double fitness = *FirstObjective(report->config, candidate);
      forecast_and_fitness.emplace_back(forecast, fitness);
      squares += (forecast - fitness) * (forecast - fitness);
    }
  }
  report->finalists = static_cast<int64_t>(fitness_and_selection.size());
  report->fitness_rank_correlation = RankCorrelation(fitness_and_selection);
  report->forecasts = static_cast<int64_t>(forecast_and_fitness.size());
  report->forecast_rank_correlation = RankCorrelation(forecast_and_fitness);
  if (report->forecasts > 0) {
    report->forecast_error = std::sqrt(squares / static_cast<double>(report->forecasts));
  }
}

// Counts the finalists of the selection. The engine chooses them in the same way, from the fitness
// of all candidates. Errors: DataLoss if a candidate is missing or is the same as a later one.
absl::Status CountFinalists(const std::vector<StoredCandidate>& candidates, RunReport* report) {
  std::vector<search::Candidate> rows;
  std::vector<int64_t> best_of_baselines;
  bool has_begun = false;
  for (const StoredCandidate& candidate : candidates) {
    const auto place = static_cast<int64_t>(rows.size());
    const int64_t first = candidate.same_as.value_or(place);
    if (candidate.id != place || first < 0 || first > place) {
      return absl::DataLossError(
          fmt::format("expected candidate {}, or its allocation in an earlier one; found candidate "
                      "{} with the allocation of {}",
                      place, candidate.id, first));
    }
    search::Candidate& row = rows.emplace_back();
    row.id = candidate.id;
    row.text = candidate.text;
    row.complexity = candidate.complexity;
    row.allocation = candidate.allocation;
    row.scenarios = candidate.scenarios;
    row.same_as = candidate.same_as;
    row.fitness_nll = candidate.fitness_nll;
    row.measures = candidate.measures;
    if (candidate.best_of_baseline) best_of_baselines.push_back(candidate.id);
    has_begun = has_begun || candidate.selection_nll.has_value() ||
                candidate.failure.starts_with(search::kSelectionFailure);
  }
  if (!has_begun) return absl::OkStatus();
  for (const int64_t id : search::Finalists(rows, ObjectivesOf(report->config), best_of_baselines,
                                            static_cast<int>(report->config.finalists))) {
    const StoredCandidate& finalist = candidates[static_cast<size_t>(id)];
    ++report->planned_finalists;
    if (finalist.selection_nll || finalist.failure.starts_with(search::kSelectionFailure)) {
      ++report->selected_finalists;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RunMeasures> ReadRunMeasures(const search::RunStore& store,
                                            const std::string& folder) {
  STRATA_ASSIGN_OR_RETURN(const RunConfig config, ReadConfig(store, folder));
  return MeasuresOf(config);
}

std::string DescribeSelection(const RunReport& report) {
  if (report.selected_finalists == report.planned_finalists) return "";
  return fmt::format(
      "The selection is not complete: {} of {} finalists are measured with the exact protocol. "
      "Until all are, the best function is the one with the lowest fitness.\n",
      report.selected_finalists, report.planned_finalists);
}

std::string DisplayName(const StoredCandidate& candidate) {
  return candidate.lineage.name.empty() ? fmt::format("discovered #{}", candidate.id)
                                        : candidate.lineage.name;
}

absl::StatusOr<RunReport> ReadRunReport(const std::string& folder, bool with_cost) {
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(folder));
  RunReport report;
  STRATA_RETURN_IF_ERROR(ReadProperties(*store, folder, &report));
  STRATA_ASSIGN_OR_RETURN(const auto candidates, store->Candidates());
  SortIntoGroups(candidates, &report);
  CountCandidates(candidates, &report);
  RateMeasurements(candidates, &report);
  STRATA_ASSIGN_OR_RETURN(report.refinement, ReadRefinementReport(*store));
  STRATA_RETURN_IF_ERROR(ReadRefinedWindows(*store, &report));
  if (with_cost) {
    STRATA_ASSIGN_OR_RETURN(report.cost, ReadRunCost(*store, report.config, candidates));
  }
  STRATA_ASSIGN_OR_RETURN(report.verified, ReadVerifiedOutcomes(*store, candidates));
  STRATA_RETURN_IF_ERROR(CountFinalists(candidates, &report));
  // Verification begins when the selection is complete.
  const bool is_complete =
      report.planned_finalists > 0 &&
      (report.selected_finalists == report.planned_finalists || !report.verified.empty());
  if (is_complete) {
    report.selected_finalists = report.planned_finalists;
    report.best_baseline = Lowest(report.baselines, &StoredCandidate::selection_nll);
  }
  if (report.best_baseline) {
    report.against_best_baseline = CompareWithBaseline(report.verified, report.best_baseline->id);
  }
  report.hypervolume = HypervolumeOf(report, candidates);
  if (const auto* best = search::BestCandidate(candidates, is_complete)) report.best = *best;
  report.is_best_by_selection = is_complete && report.best && report.best->selection_nll;
  return report;
}

}  // namespace strata::cli
