#include "cli/run/continued_config.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "cli/config/run_config_plan.h"
#include "cli/run/continue_command.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

absl::StatusOr<RunConfig> StoredConfig(const search::RunStore& store, const std::string& run) {
  STRATA_ASSIGN_OR_RETURN(const auto yaml, store.Property(search::kConfigProperty));
  if (!yaml.has_value()) {
    return absl::NotFoundError(fmt::format("'{}' holds no configuration to resume", run));
  }
  return RunConfigFromYaml(*yaml, run + "/config");
}

// Removes from `wanted` the origins of settings that earlier command lines gave and this one does
// not, so that they count as not given. So do those that only follow from the granularity.
absl::Status KeepEarlierSettings(const search::RunStore& store, const RunConfig& stored,
                                 Continuation continuation, RunConfig* wanted) {
  STRATA_ASSIGN_OR_RETURN(const auto earlier, KeysGivenEarlier(store, wanted->run));
  std::erase_if(wanted->origins,
                [](const auto& origin) { return origin.second.starts_with("granularity "); });
  const std::vector<ConfigEntry> given = DescribeRunConfig(*wanted);
  const std::vector<ConfigEntry> own = DescribeRunConfig(stored);
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string& key = given[i].key;
    const auto origin = wanted->origins.find(key);
    if (key == "run" || !earlier.contains(key) || origin == wanted->origins.end() ||
        IsOfCommandLine(origin->second)) {
      continue;
    }
    if (given[i].value != own[i].value) {
      fmt::print(stderr,
                 "{}: '{}' is {}, but the run keeps {}, which the command line gave earlier{}\n",
                 origin->second, key, given[i].value, own[i].value,
                 MayChange(key, continuation) ? "; to change it, give it with --set" : "");
    }
    wanted->origins.erase(origin);
  }
  return absl::OkStatus();
}

// "auto" stands for the arithmetic that was measured when the run began.
bool IsMeasured(const ConfigEntry& entry) {
  return entry.key == "fitness.arithmetic" && entry.value == "auto";
}

}  // namespace

bool MayChange(const std::string& key, Continuation continuation) {
  if (key.starts_with("workers.") || key.starts_with("storage.") || key == "search.minutes" ||
      key == "model" || key == "text" || key == "run" || key == "fitness.levels" ||
      key == "fitness.tasks" || key == "robust.models" || key == "robust.texts") {
    return true;
  }
  return continuation == Continuation::kExtend &&
         (key == "search.maximum_evaluations" || key == "search.stagnation" ||
          key == "search.finalists" || key == "refine.evaluations");
}

absl::StatusOr<UsedBudget> UsedBudgetOf(const search::RunStore& store) {
  UsedBudget used;
  STRATA_ASSIGN_OR_RETURN(const auto candidates, store.Candidates());
  for (const search::StoredCandidate& candidate : candidates) {
    const bool is_measured = candidate.fitness_nll.has_value() || candidate.stopped_early;
    if (is_measured && !candidate.same_as.has_value()) ++used.evaluations;
  }
  STRATA_ASSIGN_OR_RETURN(const auto seconds, store.Property("seconds_spent"));
  // A session refuses what is no number.
  const std::string digits = seconds.value_or("");
  std::from_chars(digits.data(), digits.data() + digits.size(), used.minutes);
  used.minutes /= 60;
  return used;
}

absl::StatusOr<RunConfig> ContinuedConfig(RunConfig wanted, const search::RunStore& store,
                                          Continuation continuation) {
  STRATA_ASSIGN_OR_RETURN(RunConfig merged, StoredConfig(store, wanted.run));
  STRATA_RETURN_IF_ERROR(KeepEarlierSettings(store, merged, continuation, &wanted));
  if (continuation == Continuation::kExtend) {
    STRATA_ASSIGN_OR_RETURN(const auto used, UsedBudgetOf(store));
    STRATA_RETURN_IF_ERROR(CheckExtension(wanted, merged, used));
  }
  const std::vector<ConfigEntry> given = DescribeRunConfig(wanted);
  const std::vector<ConfigEntry> own = DescribeRunConfig(merged);
  for (size_t i = 0; i < given.size(); ++i) {
    const auto& [key, value, origin, meaning, is_basic] = given[i];
    if (!wanted.origins.contains(key) || value == own[i].value || IsMeasured(given[i])) continue;
    if (!MayChange(key, continuation)) {
      return absl::FailedPreconditionError(fmt::format(
          "{}: '{}' is {} but the run in '{}' has {}: a run keeps its settings; resume with them, "
          "{}start another with --run",
          origin, key, value, wanted.run, own[i].value,
          MayChange(key, Continuation::kExtend) ? "change this one with --extend, or " : "or "));
    }
    if (key != "run") {
      fmt::print(stderr, "{}: '{}' is {} from now on; the run had {}\n", origin, key, value,
                 own[i].value.empty() ? "none" : own[i].value);
    }
    STRATA_RETURN_IF_ERROR(SetOption(key, value, origin, &merged));
  }
  return merged;
}

search::RunStoreOptions ContinuedStorage(const RunConfig& wanted) {
  RunConfig config = wanted;
  const auto store = search::RunStore::OpenForReading(wanted.run);
  if (!store.ok()) return StorageOptionsOf(wanted);
  const auto stored = StoredConfig(**store, wanted.run);
  if (!stored.ok()) return StorageOptionsOf(wanted);
  if (!wanted.origins.contains("storage.fsync")) config.storage_fsync = stored->storage_fsync;
  if (!wanted.origins.contains("storage.network_file_system")) {
    config.storage_network_file_system = stored->storage_network_file_system;
  }
  return StorageOptionsOf(config);
}

}  // namespace strata::cli
