// The configuration of a search: every setting, its default and where its value came from.
//
// A setting is a member here, which states the default, and a row of the table in
// run_config_options.cc, which states its key, meaning and range. The table drives reading YAML,
// --set overrides, the checks, `strata config`, and the copy kept in the run folder. Unknown keys
// and wrong types are errors that name file, line and nearest key.
#ifndef STRATA_CLI_CONFIG_RUN_CONFIG_H_
#define STRATA_CLI_CONFIG_RUN_CONFIG_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/config/config_enums.h"
#include "evaluator/evaluator.h"
#include "search/engine/engine.h"
#include "search/engine/scenario.h"
#include "search/refinement/refinement_options.h"
#include "search/store/run_store.h"
#include "search/strategy/strategy_options.h"

namespace strata::cli {

struct RunConfig {
  std::string model;
  std::string text;
  std::string run;
  double target_sparsity = 0.7;
  double target_bytes_share = 0;  // 0: target_sparsity alone counts; see bytes_budget.h
  evaluator::Pruner pruner = evaluator::Pruner::kWanda;
  int64_t group = 0;
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  double minimum_sparsity = 0.0;
  double maximum_sparsity = 0.99;
  int64_t calibration_sequences = 8;
  int64_t calibration_sequence_tokens = 256;
  int64_t fitness_windows = 8;
  int64_t fitness_window_tokens = 256;
  std::optional<evaluator::Arithmetic> fitness_arithmetic;  // nullopt: auto, the faster one
  evaluator::Protocol fitness_protocol = evaluator::Protocol::kOneShot;
  evaluator::Measure fitness_measure = evaluator::Measure::kLoss;
  std::string fitness_levels;
  std::vector<std::string> fitness_tasks;
  int64_t fitness_task_items = 100;
  int64_t selection_windows = 8;
  evaluator::Measure selection_measure = evaluator::Measure::kLoss;
  int64_t report_windows = 16;
  int64_t report_window_tokens = 256;
  evaluator::Arithmetic report_arithmetic = evaluator::Arithmetic::kFloat32;
  int64_t report_task_items = 0;
  int64_t seed = 1;
  search::StrategyKind strategy = search::StrategyKind::kStrata;
  int64_t population = 24;
  int64_t lag = 8;
  int64_t random_candidates = 8;
  int64_t maximum_evaluations = 0;
  int64_t stagnation = 0;
  double minutes = 6;
  int64_t finalists = 5;
  std::vector<std::string> baselines;
  BaselineUnits baseline_units = BaselineUnits::kBoth;
  search::BaselineSettings baseline_settings = search::BaselineSettings::kAll;
  std::vector<std::string> warm_start;
  std::vector<std::string> objectives = {search::kLoss, search::kComplexity};
  double epsilon = 0.001;
  std::vector<std::string> racing_rungs;
  int64_t racing_rivals = 24;
  int64_t refine_evaluations = 0;
  search::RefinementStart refine_start = search::RefinementStart::kBest;
  search::RefinementMethod refine_method = search::RefinementMethod::kDescent;
  bool refine_slopes = true;
  int64_t refine_slope_windows = 32;
  int64_t evopress_offspring = 64;
  std::vector<std::string> evopress_rungs;
  int64_t evopress_levels = 8;
  double evopress_level_step = 0;
  int64_t descent_interval = 0;
  search::SurrogateOptions surrogate;
  std::vector<std::string> robust_sparsities, robust_models, robust_texts;
  search::Aggregate robust_aggregate = search::Aggregate::kMean;
  bool gradients = false;
  bool gradient_free = false;
  bool spectra = true;
  expr::VariationOptions variation;  // all but the library of grafts
  int64_t worker_count = 2;
  int64_t worker_threads = 1;
  Device worker_device = Device::kCpu;
  std::string worker_banks;
  double evaluation_minutes = 0;
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
  LogFormat log_format = LogFormat::kText;
  search::Fsync storage_fsync = search::Fsync::kCommit;
  NetworkFileSystem storage_network_file_system = NetworkFileSystem::kRefuse;

  // Where each key's value came from: "default", "demo.yaml:12", "--set".
  std::map<std::string, std::string> origins;
};

// Gives one setting the value of `text`. An old name counts as the new one, with a warning on
// standard error. Errors: InvalidArgument, naming `origin`, for an unknown or removed key, a wrong
// type or an unknown name of an enumeration.
absl::Status SetOption(const std::string& key, const std::string& text, const std::string& origin,
                       RunConfig* config);

// Returns the error that the value of `key` must be `expected` and is `found`. It names the origin
// of the value.
absl::Status BadOption(const RunConfig& config, const std::string& key, const std::string& expected,
                       const std::string& found);

// One line of `strata config`.
struct ConfigEntry {
  std::string key;
  std::string value;
  std::string origin;
  std::string meaning;
  bool is_basic = false;  // most people set it for their own search
};

// Reads a configuration that a person wrote. `path` may be empty (defaults only). `overrides` are
// KEY=VALUE texts, which are applied last. Writes a line to standard error for every key that is
// given by its old name. Errors: NotFound if there is no such file; PermissionDenied;
// InvalidArgument for a folder and for a file without settings, and otherwise with file:line, the
// key, what was expected and what was found, also for a setting that no longer exists or is given
// by its old and by its new name.
absl::StatusOr<RunConfig> LoadRunConfig(const std::string& path,
                                        const std::vector<std::string>& overrides);

// Returns every key in the order of the documentation.
std::vector<ConfigEntry> DescribeRunConfig(const RunConfig& config);

// Returns YAML that RunConfigFromYaml reads back to the same values.
std::string RunConfigToYaml(const RunConfig& config);

// Reads back what RunConfigToYaml of this or an older version wrote. Old names are read without a
// warning, and settings that no longer exist are skipped. `origin` names the YAML in errors and
// origins. Errors: InvalidArgument as for LoadRunConfig.
absl::StatusOr<RunConfig> RunConfigFromYaml(const std::string& yaml, const std::string& origin);

// Checks the range of every number, and combinations of values. Errors: InvalidArgument names the
// key, what is expected, what was found and where it came from.
absl::Status ValidateRunConfig(const RunConfig& config);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_RUN_CONFIG_H_
