// The configuration of a search: every option, its default, its meaning, and where its value came
// from.
//
// One table (run_config.cc) drives reading YAML, --set overrides, `strata config`, and the copy
// kept in the run folder. Unknown keys and wrong types are errors that name file, line and nearest
// key.
#ifndef STRATA_CLI_RUN_CONFIG_H_
#define STRATA_CLI_RUN_CONFIG_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "search/session.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {

struct RunConfig {
  std::string model;
  std::string text;
  std::string run;
  double target_sparsity = 0.7;
  std::string pruner = "wanda";
  int64_t group = 0;
  std::string granularity = "block";
  double minimum_sparsity = 0.0;
  double maximum_sparsity = 0.99;
  int64_t calibration_sequences = 8;
  int64_t calibration_sequence_tokens = 256;
  int64_t fitness_windows = 8;
  int64_t fitness_window_tokens = 256;
  std::string fitness_arithmetic = "auto";
  std::string fitness_protocol = "one-shot";
  std::string fitness_levels;
  std::vector<std::string> fitness_tasks;
  int64_t fitness_task_items = 100;
  int64_t selection_windows = 8;
  int64_t report_windows = 16;
  int64_t report_window_tokens = 256;
  std::string report_arithmetic = "fp32";
  int64_t report_task_items = 0;
  int64_t seed = 1;
  std::string strategy = "strata";
  int64_t population = 24;
  int64_t lag = 8;
  int64_t random_candidates = 8;
  int64_t maximum_evaluations = 0;
  int64_t stagnation = 0;
  double minutes = 6;
  int64_t finalists = 5;
  std::vector<std::string> baselines;
  std::string baseline_units = "both";
  std::vector<std::string> warm_start;
  std::vector<std::string> objectives = {search::kLoss, search::kComplexity};
  double epsilon = 0.001;
  std::vector<std::string> racing_levels;
  int64_t racing_rivals = 24;
  int64_t refine_evaluations = 0;
  bool refine_slopes = true;
  int64_t refine_slope_windows = 32;
  int64_t islands = 1;
  int64_t restart_after = 0;
  bool adaptive_operators = false;
  search::SurrogateOptions surrogate;
  std::vector<std::string> robust_sparsities, robust_models, robust_texts;
  std::string robust_aggregate = "mean";
  bool gradients = false;
  bool gradient_free = false;
  bool spectra = true;
  expr::VariationOptions variation;  // all but the library of grafts
  int64_t worker_count = 2;
  int64_t worker_threads = 1;
  std::string worker_device = "cpu";
  std::string worker_banks;
  double task_minutes = 0;
  double hang_minutes = 30;
  double memory_gib = 0;
  std::string address = "auto";
  std::string listen;  // the other machines' address
  std::string token_file;
  std::string tls_certificate, tls_key, tls_authority;
  std::string announcement;  // file that names the other machines' address
  std::string advertised_host;
  double absence_seconds = 60;

  std::string metrics;  // address
  std::string log_format = "text";
  std::string storage_fsync = "commit";
  std::string storage_network_file_system = "refuse";

  // Where each key's value came from: "default", "demo.yaml:12", "--set".
  std::map<std::string, std::string> origins;
};

// Gives one option the value of `text`. InvalidArgument, naming `origin`, for an unknown key or a
// wrong type.
absl::Status SetOption(const std::string& key, const std::string& text, const std::string& origin,
                       RunConfig* config);

// That `key`'s value, and where it came from, must be `expected` and is `found`.
absl::Status BadOption(const RunConfig& config, const std::string& key, const std::string& expected,
                       const std::string& found);

// One line of `strata config`.
struct ConfigEntry {
  std::string key;
  std::string value;
  std::string origin;
  std::string meaning;
};

// `path` may be empty (defaults only). `overrides` are KEY=VALUE texts, applied last.
// Errors: NotFound, InvalidArgument with file:line, the key, what was expected and what was found.
absl::StatusOr<RunConfig> LoadRunConfig(const std::string& path,
                                        const std::vector<std::string>& overrides);

// Every key in the order of the documentation.
std::vector<ConfigEntry> DescribeRunConfig(const RunConfig& config);

// YAML that LoadRunConfig reads back to the same values.
std::string RunConfigToYaml(const RunConfig& config);

// Reads back what RunConfigToYaml wrote; `origin` names it in errors and origins.
absl::StatusOr<RunConfig> RunConfigFromYaml(const std::string& yaml, const std::string& origin);

// Checks values and combinations that types cannot: sparsity range, positive counts, names.
// `arithmetic: auto` must have been resolved before MeasurementPlanOf.
absl::Status ValidateRunConfig(const RunConfig& config);
absl::StatusOr<workers::MeasurementPlan> MeasurementPlanOf(const RunConfig& config);

// `racing.levels`, cheapest first; an arithmetic of "auto" counts as float32.
absl::StatusOr<std::vector<evaluator::Fidelity>> RacingLevelsOf(const RunConfig& config);
bool HasObjective(const RunConfig& config, const char* name);  // among search.objectives

// The tasks of that digest are answered by finalists, on the report half, and, where
// search.objectives holds their error, by all candidates, on the fitness half. Levels before the
// last of a race, and the selection, have none.
void SetTasks(const RunConfig& config, const std::string& digest, workers::MeasurementPlan* plan);

// The published functions that apply to the run's units, and those of its blocks, as
// `search.baseline_units` says; for another target sparsity than the run's, too.
std::vector<expr::Baseline> ApplicableBaselines(const RunConfig& config,
                                                const expr::UnitLayout& layout,
                                                double target_sparsity);

// Whether `search.baselines` names it, or nothing. "owl blockwise" goes by the name owl.
bool IsChosen(const RunConfig& config, const expr::Baseline& baseline);

// The published functions that `search.baselines` names, or all that apply. InvalidArgument names
// one that does not.
absl::StatusOr<std::vector<expr::Baseline>> BaselinesOf(const RunConfig& config,
                                                        const expr::UnitLayout& layout);
absl::StatusOr<search::RunStoreOptions> StorageOptionsOf(const RunConfig& config);
// `further_layouts`: of the units of subjects 1, 2, ... that `robust` makes (robust_config.h); as
// many as there are.
absl::StatusOr<search::EngineOptions> EngineOptionsOf(
    const RunConfig& config, const expr::UnitLayout& layout,
    const std::vector<expr::UnitLayout>& further_layouts = {});
// Nothing where refine.evaluations is 0.
std::optional<search::RefinementOptions> RefinementOptionsOf(const RunConfig& config);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_CONFIG_H_
