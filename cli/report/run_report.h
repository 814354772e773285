// What a run found: the front beside the baselines, from the run's storage.
#ifndef STRATA_CLI_RUN_REPORT_H_
#define STRATA_CLI_RUN_REPORT_H_

#include <absl/status/statusor.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "cli/config/run_tasks.h"
#include "cli/report/paired_difference.h"
#include "cli/report/refinement_report.h"
#include "cli/report/verified_outcomes.h"
#include "search/engine/scenarios.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Property of a run's store: the number of settings of its baselines, in decimal.
inline constexpr char kBaselineSettingsProperty[] = "baseline_settings";

struct RunReport {
  RunConfig config;
  RunTasks tasks;                              // none: no zero-shot errors
  std::vector<search::StoredCandidate> front;  // by complexity
  std::vector<search::StoredCandidate>
      baselines;  // best setting of each, in the order of the library
  // Measured with the exact protocol although neither on the front nor a baseline's best; the best
  // may be among them. Each allocation once, lowest selection loss first.
  std::vector<search::StoredCandidate> other_finalists;
  // The function to use: lowest selection loss (exact protocol, fitness split); where no finalist
  // has been selected yet, lowest fitness loss. Never chosen by the report split. Empty if nothing
  // was measured.
  std::optional<search::StoredCandidate> best;
  VerifiedOutcomes verified;
  // The baseline with the lowest selection loss: chosen as the best function is, without the report
  // split. Nothing before a baseline was selected.
  std::optional<search::StoredCandidate> best_baseline;
  // On the report split, of several scenarios the first's, by candidate.
  std::map<int64_t, PairedDifference> against_best_baseline;
  // Spearman's correlation of fitness with selection over the finalists' distinct allocations: how
  // far the cheap measurement can be trusted here.
  std::optional<double> fitness_rank_correlation;
  // How well the surrogate forecast the fitness of what it chose: root mean square error of the
  // loss, Spearman's correlation, and the number of candidates with both.
  std::optional<double> forecast_error;
  std::optional<double> forecast_rank_correlation;
  int64_t forecasts = 0;
  // Of the front, see Engine::ArchiveHypervolume: comparable between runs of the same settings.
  double hypervolume = 0;
  std::string end_reason;     // why the search part ended; empty while it goes on
  int64_t stopped_early = 0;  // distinct allocations that racing stopped
  int64_t finalists = 0;      // distinct allocations measured with the exact protocol
  std::optional<RefinementReport> refinement;
  int64_t candidates = 0;
  int64_t evaluations = 0;  // distinct allocations measured in the search
  int64_t failed = 0;       // candidates without a result
  std::string commonest_failure;
  // By scenario; empty for a search of one, and until it is done.
  std::vector<search::ScenarioReferences> references;
  int64_t baseline_settings = 0;
  int64_t baseline_settings_measured = 0;
};

// NotFound if `folder` holds no run.
absl::StatusOr<RunReport> ReadRunReport(const std::string& folder);

// "discovered #17", or the baseline's name and settings.
std::string DisplayName(const search::StoredCandidate& candidate);

// {"front": [...], "baselines": [...], ...}; each element has id, name, expression, complexity,
// fitness_perplexity, forecast_perplexity, selection_perplexity, report_perplexity, sparsity, and
// against_best_baseline (ToJson of PairedDifference), and with tasks fitness_zero_shot_error and
// report_zero_shot_error, each null where not measured. "measurements" says how each was measured,
// "intervals" how those of against_best_baseline were made.
nlohmann::ordered_json ToJson(const RunReport& report);
nlohmann::ordered_json ToJson(const search::StoredCandidate& candidate);

// For a terminal: the table, how each column was measured, and what was not measured.
std::string ToTable(const RunReport& report);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_REPORT_H_
