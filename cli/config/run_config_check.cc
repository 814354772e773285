// Checks of a configuration: the range of every row, and what relates several values.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "cli/config/evopress_config.h"
#include "cli/config/robust_config.h"
#include "cli/config/run_config.h"
#include "cli/config/run_config_options.h"
#include "cli/config/run_config_plan.h"
#include "evaluator/names.h"
#include "expr/nearest_name.h"
#include "expr/status_macros.h"
#include "workers/wire/address.h"

namespace strata::cli {
namespace {

// Returns what a number that is outside of the range must be.
std::string Expected(const NumberRange& range, double found) {
  const auto& [minimum, maximum, excludes_minimum, excludes_maximum] = range;
  if (excludes_maximum) return fmt::format("greater than {} and less than {}", minimum, maximum);
  if (excludes_minimum) return fmt::format("above {} and at most {}", minimum, maximum);
  if (found < minimum && maximum >= kMany) return fmt::format("at least {}", minimum);
  return fmt::format("from {} to {}", minimum, maximum);
}

// True if the number is within the range. NaN never is.
bool Contains(const NumberRange& range, double number) {
  return (range.excludes_minimum ? number > range.minimum : number >= range.minimum) &&
         (range.excludes_maximum ? number < range.maximum : number <= range.maximum);
}

// Checks one setting against its row of the table.
absl::Status CheckRow(const RunConfig& config, const RunConfigOption& option) {
  if (std::holds_alternative<NotEmpty>(option.allowed)) {
    if (!ValueText(option, config).empty()) return absl::OkStatus();
    return BadOption(config, option.key, "set", "nothing");
  }
  const auto* const range = std::get_if<NumberRange>(&option.allowed);
  if (range == nullptr) return absl::OkStatus();
  const double number = std::visit(
      [&](auto member) -> double {
        if constexpr (!std::is_same_v<decltype(member), EnumMember>) {
          using Value = std::remove_cvref_t<decltype(FieldOf(config, member))>;
          if constexpr (std::is_arithmetic_v<Value>) {
            return static_cast<double>(FieldOf(config, member));
          }
        }
        return std::nan("");
      },
      option.member);
  if (Contains(*range, number)) return absl::OkStatus();
  return BadOption(config, option.key, Expected(*range, number), ValueText(option, config));
}

// Checks the settings of variation, and that features that its sources need are allowed.
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

// Checks that every objective is something that the plan measures.
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

// Checks that an allocation can have the target sparsity.
absl::Status CheckAllocation(const RunConfig& config) {
  const absl::Status status = expr::ValidateTarget({.sparsity = config.target_sparsity,
                                                    .minimum = config.minimum_sparsity,
                                                    .maximum = config.maximum_sparsity});
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      fmt::format("allocation bounds: {}", std::string(status.message())));
}

// Checks what depends on the pruner.
absl::Status CheckPruner(const RunConfig& config) {
  const bool solves = config.pruner == evaluator::Pruner::kSparseGpt;
  constexpr int64_t kSparseGptColumns = 128;  // chosen together, see pruning/sparse_gpt.h
  if (solves && config.group != 0 && kSparseGptColumns % config.group != 0) {
    return BadOption(config, "group", "a divisor of 128 with the pruner sparsegpt",
                     fmt::format("{}", config.group));
  }
  const bool one_shot = config.fitness_protocol == evaluator::Protocol::kOneShot;
  if (!config.fitness_levels.empty() && !(solves && one_shot)) {
    return BadOption(config, "fitness.levels",
                     "empty unless the pruner is sparsegpt and fitness.protocol one-shot",
                     fmt::format("'{}' with {} and {}", config.fitness_levels,
                                 NameOf(config.pruner), NameOf(config.fitness_protocol)));
  }
  return absl::OkStatus();
}

absl::Status CheckEnd(const RunConfig& config) {
  if (config.minutes > 0 || config.maximum_evaluations > 0 || config.stagnation > 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "the search would never end: set search.minutes, search.maximum_evaluations or "
      "search.stagnation above 0");
}

// Checks where the coordinator serves, and whom it tells.
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
  for (const RunConfigOption& option : RunConfigOptions()) {
    STRATA_RETURN_IF_ERROR(CheckRow(config, option));
  }
  STRATA_RETURN_IF_ERROR(CheckAllocation(config));
  STRATA_RETURN_IF_ERROR(CheckPruner(config));
  STRATA_RETURN_IF_ERROR(CheckEnd(config));
  STRATA_RETURN_IF_ERROR(CheckObjectives(config));
  STRATA_RETURN_IF_ERROR(CheckVariation(config));
  STRATA_RETURN_IF_ERROR(CheckRobust(config));
  STRATA_RETURN_IF_ERROR(CheckEvoPress(config));
  STRATA_RETURN_IF_ERROR(CheckAddresses(config));
  return RacingRungsOf(config).status();
}

}  // namespace strata::cli
