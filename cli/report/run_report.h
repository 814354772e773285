// Report of a run, from its storage: the front beside the baselines.
#ifndef STRATA_CLI_REPORT_RUN_REPORT_H_
#define STRATA_CLI_REPORT_RUN_REPORT_H_

#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "cli/config/run_tasks.h"
#include "cli/report/paired_difference.h"
#include "cli/report/refinement_report.h"
#include "cli/report/run_cost.h"
#include "cli/report/verified_outcomes.h"
#include "cli/shared/measure_text.h"
#include "search/engine/scenarios.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Property of a run's store: the number of settings of its baselines, in decimal.
inline constexpr char kBaselineSettingsProperty[] = "baseline_settings";

// Property of a run's store: the number of tokens in the model's vocabulary, in decimal. Older runs
// lack it.
inline constexpr char kVocabularyProperty[] = "vocabulary";

// Losses of the dense model, measured like those of candidates; nullopt: not known (yet).
struct DenseLosses {
  std::optional<double> fitness_nll, selection_nll, report_nll;
};

struct RunReport {
  RunConfig config;
  RunTasks tasks;                              // if empty, there are no zero-shot errors
  std::vector<search::StoredCandidate> front;  // by complexity
  std::vector<search::StoredCandidate>
      baselines;  // best setting of each, in the order of the library
  // Candidates measured with the exact protocol that are neither on the front nor the best setting
  // of a baseline. The best function may be among them. Each allocation appears once, lowest
  // selection loss first.
  std::vector<search::StoredCandidate> other_finalists;
  // The function to use, search::BestCandidate. Empty if nothing was measured.
  std::optional<search::StoredCandidate> best;
  // Distinct allocations that are to be measured with the exact protocol, and how many have a
  // result or failed. All are 0 while no finalist has one.
  int64_t planned_finalists = 0, selected_finalists = 0;
  bool is_best_by_selection = false;  // false: by fitness
  VerifiedOutcomes verified;
  // The baseline with the lowest selection loss. Like the best function, it is chosen without the
  // report split. nullopt until the selection is complete.
  std::optional<search::StoredCandidate> best_baseline;
  // Differences to the best baseline on the report split, by candidate. If there are several
  // scenarios, they are those of the first.
  std::map<int64_t, PairedDifference> against_best_baseline;
  // Spearman's correlation of fitness with selection over the finalists' distinct allocations. It
  // shows how far the cheap measurement can be trusted here.
  std::optional<double> fitness_rank_correlation;
  // Quality of the surrogate's forecasts of the fitness of the candidates it chose: root mean
  // square error of the loss, Spearman's correlation, and the number of candidates with forecast
  // and fitness.
  std::optional<double> forecast_error;
  std::optional<double> forecast_rank_correlation;
  int64_t forecasts = 0;
  // Hypervolume of the front (see Engine::ArchiveHypervolume). It is comparable between runs of the
  // same settings.
  double hypervolume = 0;
  std::string end_reason;     // why the search part ended; empty while it goes on
  int64_t stopped_early = 0;  // distinct allocations that racing stopped
  int64_t finalists = 0;      // distinct allocations measured with the exact protocol
  std::optional<RefinementReport> refinement;
  // Losses of the best refined allocation by window of the report split; empty until measured.
  std::vector<double> refined_window_nll;
  RunCost cost;  // empty unless it was asked for
  int64_t candidates = 0;
  int64_t evaluations = 0;  // distinct allocations measured in the search
  int64_t failed = 0;       // candidates without a result
  std::string commonest_failure;
  // Reference losses by scenario. Empty for a search of one scenario, and until they are stored.
  std::vector<search::ScenarioReferences> references;
  DenseLosses dense;       // of the first scenario
  int64_t vocabulary = 0;  // tokens; 0: not known
  int64_t baseline_settings = 0;
  int64_t baseline_settings_measured = 0;
};

// Reads the report of the run in `folder`; with `with_cost` also its cost, for which all outcomes
// are read. Errors: NotFound if `folder` holds no run.
absl::StatusOr<RunReport> ReadRunReport(const std::string& folder, bool with_cost = false);

// Returns what fitness and selection of the run in `folder` measure. Errors: NotFound if the store
// has no configuration.
absl::StatusOr<RunMeasures> ReadRunMeasures(const search::RunStore& store,
                                            const std::string& folder);

// Returns a line that says how far the selection is if it has begun and is not complete, otherwise
// an empty text. Until it is complete, the best function is the one with the lowest fitness loss.
std::string DescribeSelection(const RunReport& report);

// Returns "discovered #17", or the baseline's name and settings.
std::string DisplayName(const search::StoredCandidate& candidate);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_RUN_REPORT_H_
