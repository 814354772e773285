// What a configuration must be that its types cannot say.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/config/robust_config.h"
#include "cli/config/run_config.h"
#include "expr/nearest_name.h"
#include "workers/wire/address.h"

namespace strata::cli {
namespace {

template <typename Enum>
absl::Status CheckName(const RunConfig& config, const std::string& key, const std::string& name) {
  Enum value;
  if (absl::Status status = workers::ParseName(name, &value); !status.ok()) {
    const auto origin = config.origins.find(key);
    return absl::InvalidArgumentError(
        fmt::format("{}: '{}': {}", origin == config.origins.end() ? "default" : origin->second,
                    key, std::string(status.message())));
  }
  return absl::OkStatus();
}

// The sources that a setting must allow.
absl::Status CheckVariation(const RunConfig& config) {
  if (absl::Status status = expr::ValidateOptions(config.variation); !status.ok()) {
    return absl::InvalidArgumentError(fmt::format("variation: {}", std::string(status.message())));
  }
  for (const std::string& name : config.variation.sources) {
    if (name == "G" && !config.gradients) {
      return BadOption(config, "features.gradients", "true where variation.sources holds G",
                       "false");
    }
    if (name == "sensitivity" && !config.gradient_free) {
      return BadOption(config, "features.gradient_free",
                       "true where variation.sources holds sensitivity", "false");
    }
    if (name == "alpha" && !config.spectra) {
      return BadOption(config, "features.spectra", "true where variation.sources holds alpha",
                       "false");
    }
  }
  return absl::OkStatus();
}

// Every objective is something that the plan measures.
absl::Status CheckObjectives(const RunConfig& config) {
  static const std::vector<std::string_view> kKnown = {search::kLoss, search::kComplexity,
                                                       search::kZeroShotError};
  for (const std::string& name : config.objectives) {
    if (std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end()) continue;
    return BadOption(config, "search.objectives", "loss, complexity or zero_shot_error",
                     fmt::format("'{}', which nothing measures; the nearest is '{}'", name,
                                 expr::NearestName(name, kKnown)));
  }
  if (HasObjective(config, search::kZeroShotError) && config.fitness_tasks.empty()) {
    return BadOption(config, "fitness.tasks",
                     "task files where search.objectives holds zero_shot_error, which they measure",
                     "none");
  }
  return absl::OkStatus();
}

absl::Status CheckStrategy(const RunConfig& config) {
  const std::string& units = config.baseline_units;
  if (units != "run" && units != "block" && units != "both") {
    return BadOption(config, "search.baseline_units", "run, block or both",
                     fmt::format("'{}'", units));
  }
  if (search::FindStrategyKind(config.strategy) == nullptr) {
    const std::vector<std::string_view> known = {"strata", "random", "hill_climbing", "dsa"};
    return BadOption(config, "search.strategy", "strata, random, hill_climbing or dsa",
                     fmt::format("'{}', the nearest is '{}'", config.strategy,
                                 expr::NearestName(config.strategy, known)));
  }
  struct Share {
    const char* key;
    double value, maximum;
  };
  for (const Share& share :
       {Share{"surrogate.unfiltered_share", config.surrogate.unfiltered_share, 1},
        Share{"surrogate.loss_share", config.surrogate.loss_share, 1},
        Share{"surrogate.trust_radius", config.surrogate.trust_radius, 1},
        Share{"surrogate.optimism", config.surrogate.optimism, 100},
        Share{"search.epsilon", config.epsilon, 100}}) {
    if (share.value >= 0 && share.value <= share.maximum) continue;
    return BadOption(config, share.key, fmt::format("from 0 to {}", share.maximum),
                     fmt::format("{}", share.value));
  }
  return absl::OkStatus();
}

absl::Status CheckNumbers(const RunConfig& config) {
  struct Count {
    const char* key;
    int64_t value, minimum, maximum;
  };
  constexpr int64_t kMany = 1'000'000'000;
  for (const Count& count : {
           Count{"group", config.group, 0, 128},
           Count{"calibration.sequences", config.calibration_sequences, 1, kMany},
           Count{"calibration.sequence_tokens", config.calibration_sequence_tokens, 1, kMany},
           Count{"fitness.windows", config.fitness_windows, 1, kMany},
           Count{"fitness.window_tokens", config.fitness_window_tokens, 2, kMany},
           Count{"fitness.task_items", config.fitness_task_items, 0, 1'000'000},
           Count{"report.task_items", config.report_task_items, 0, 1'000'000},
           Count{"selection.windows", config.selection_windows, 1, kMany},
           Count{"report.windows", config.report_windows, 1, kMany},
           Count{"report.window_tokens", config.report_window_tokens, 2, kMany},
           Count{"search.seed", config.seed, 0, INT64_MAX},
           Count{"search.population", config.population, 2, 1000},
           Count{"search.stagnation", config.stagnation, 0, kMany},
           Count{"refine.evaluations", config.refine_evaluations, 0, 1'000'000},
           Count{"refine.slope_windows", config.refine_slope_windows, 1, 1'000'000},
           Count{"search.islands", config.islands, 1, 100},
           Count{"search.restart_after", config.restart_after, 0, 1'000'000},
           Count{"surrogate.proposals", config.surrogate.proposals, 1, 100'000},
           Count{"surrogate.amplitude_steps", config.surrogate.amplitude_steps, 0, 100'000},
           Count{"surrogate.feature_pool", config.surrogate.feature_pool, 0, 10'000},
           Count{"surrogate.minimum_points", config.surrogate.minimum_points, 2, 1'000'000},
           Count{"surrogate.maximum_points", config.surrogate.maximum_points, 4, 2000},
           Count{"racing.rivals", config.racing_rivals, 1, 1000},
           Count{"search.lag", config.lag, 1, 10'000},
           Count{"search.random_candidates", config.random_candidates, 0, 10'000},
           Count{"search.maximum_evaluations", config.maximum_evaluations, 0, kMany},
           Count{"search.finalists", config.finalists, 1, kMany},
           Count{"search.maximum_nodes", config.variation.maximum_nodes, 4, expr::kMaximumNodes},
           Count{"search.maximum_depth", config.variation.maximum_depth, 4, expr::kMaximumDepth},
           Count{"workers.count", config.worker_count, 0, 1024},
           Count{"workers.threads", config.worker_threads, 1, 1024},
       }) {
    if (count.value < count.minimum || count.value > count.maximum) {
      return BadOption(config, count.key,
                       count.value < count.minimum && count.maximum >= kMany
                           ? fmt::format("at least {}", count.minimum)
                           : fmt::format("from {} to {}", count.minimum, count.maximum),
                       fmt::format("{}", count.value));
    }
  }
  constexpr double kLongestMinutes = 1e6;  // about two years
  constexpr double kLongestAbsenceSeconds = 60 * kLongestMinutes;
  for (const auto& [key, value] : {std::pair{"search.minutes", config.minutes},
                                   std::pair{"workers.task_minutes", config.task_minutes},
                                   std::pair{"workers.hang_minutes", config.hang_minutes},
                                   std::pair{"workers.memory_gib", config.memory_gib}}) {
    if (value >= 0 && value <= kLongestMinutes) continue;
    return BadOption(config, key, fmt::format("from 0 to {}", kLongestMinutes),
                     fmt::format("{}", value));
  }
  if (!(config.absence_seconds > 0 && config.absence_seconds <= kLongestAbsenceSeconds)) {
    return BadOption(config, "workers.absence_seconds",
                     fmt::format("above 0 and at most {}", kLongestAbsenceSeconds),
                     fmt::format("{}", config.absence_seconds));
  }
  constexpr int64_t kSparseGptColumns = 128;  // chosen together, see pruning/sparse_gpt.h
  if (config.pruner == "sparsegpt" && config.group != 0 && kSparseGptColumns % config.group != 0) {
    return BadOption(config, "group", "a divisor of 128 with the pruner sparsegpt",
                     fmt::format("{}", config.group));
  }
  if (config.worker_device != "cpu") {
    return BadOption(config, "workers.device", "cpu", fmt::format("'{}'", config.worker_device));
  }
  if (!config.fitness_levels.empty() &&
      (config.pruner != "sparsegpt" || config.fitness_protocol != "one-shot")) {
    return BadOption(config, "fitness.levels",
                     "empty unless the pruner is sparsegpt and fitness.protocol one-shot",
                     fmt::format("'{}' with {} and {}", config.fitness_levels, config.pruner,
                                 config.fitness_protocol));
  }
  if (config.minutes == 0 && config.maximum_evaluations == 0 && config.stagnation == 0) {
    return absl::InvalidArgumentError(
        "the search would never end: set search.minutes, search.maximum_evaluations or "
        "search.stagnation above 0");
  }
  if (absl::Status status = CheckStrategy(config); !status.ok()) return status;
  if (absl::Status status = CheckObjectives(config); !status.ok()) return status;
  return CheckVariation(config);
}

// Where the coordinator serves, and whom it tells.
absl::Status CheckAddresses(const RunConfig& config) {
  if (config.address != "auto") {
    constexpr const char* kExpected = "auto, unix:PATH or 127.0.0.1:PORT";
    const auto address = workers::ParseAddress(config.address);
    if (!address.ok()) {
      return BadOption(config, "workers.address", kExpected,
                       std::string(address.status().message()));
    }
    if (!address->is_local) {
      return BadOption(config, "workers.address",
                       fmt::format("{}, as workers.listen serves other machines", kExpected),
                       config.address);
    }
    if (address->socket_path.empty() && !config.listen.empty()) {
      return BadOption(config, "workers.address", "auto or unix:PATH where workers.listen is set",
                       config.address);
    }
  }
  if (!config.listen.empty()) {
    const auto address = workers::ParseAddress(config.listen);
    if (!address.ok() || !address->socket_path.empty()) {
      return BadOption(config, "workers.listen", "HOST:PORT",
                       address.ok() ? config.listen : std::string(address.status().message()));
    }
  }
  if (!config.metrics.empty()) {
    const auto address = workers::ParseAddress(config.metrics);
    if (!address.ok() || !address->socket_path.empty() ||
        (!address->is_local && config.listen.empty())) {
      return BadOption(config, "workers.metrics",
                       "127.0.0.1:PORT, or any HOST:PORT where workers.listen is set, whose "
                       "certificate and tokens it then uses",
                       config.metrics);
    }
  }
  if (!config.announcement.empty() && config.listen.empty()) {
    return BadOption(config, "workers.announcement", "empty where workers.listen is",
                     config.announcement);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BadOption(const RunConfig& config, const std::string& key, const std::string& expected,
                       const std::string& found) {
  const auto origin = config.origins.find(key);
  return absl::InvalidArgumentError(fmt::format(
      "{}: '{}' must be {}, found {}", origin == config.origins.end() ? "default" : origin->second,
      key, expected, found));
}

absl::Status ValidateRunConfig(const RunConfig& config) {
  for (const auto& [key, value] :
       {std::pair{"model", config.model}, {"text", config.text}, {"run", config.run}}) {
    if (value.empty()) return BadOption(config, key, "set", "nothing");
  }
  const expr::AllocationTarget target{.sparsity = config.target_sparsity,
                                      .minimum = config.minimum_sparsity,
                                      .maximum = config.maximum_sparsity};
  if (!(target.sparsity > 0 && target.sparsity < 1)) {
    return BadOption(config, "target_sparsity", "greater than 0 and less than 1",
                     fmt::format("{}", target.sparsity));
  }
  if (absl::Status status = expr::ValidateTarget(target); !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("allocation bounds: {}", std::string(status.message())));
  }
  if (absl::Status status = CheckNumbers(config); !status.ok()) return status;
  if (absl::Status status = StorageOptionsOf(config).status(); !status.ok()) return status;
  if (config.log_format != "text" && config.log_format != "json") {
    return BadOption(config, "workers.log_format", "text or json", config.log_format);
  }
  if (absl::Status status = CheckRobust(config); !status.ok()) return status;
  if (absl::Status status = CheckAddresses(config); !status.ok()) return status;
  std::vector<absl::Status> names = {
      CheckName<evaluator::Pruner>(config, "pruner", config.pruner),
      CheckName<evaluator::Granularity>(config, "granularity", config.granularity),
      CheckName<evaluator::Protocol>(config, "fitness.protocol", config.fitness_protocol),
      CheckName<evaluator::Arithmetic>(config, "report.arithmetic", config.report_arithmetic)};
  if (config.fitness_arithmetic != "auto") {
    names.push_back(
        CheckName<evaluator::Arithmetic>(config, "fitness.arithmetic", config.fitness_arithmetic));
  }
  for (const absl::Status& status : names) {
    if (!status.ok()) return status;
  }
  return RacingLevelsOf(config).status();
}

}  // namespace strata::cli
