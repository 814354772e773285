// The tasks of a search: read and checked before it starts, described in its storage.
#ifndef STRATA_CLI_CONFIG_RUN_TASKS_H_
#define STRATA_CLI_CONFIG_RUN_TASKS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/config/run_config.h"

namespace strata::cli {

// Property of a run's store: RunTasks as JSON; empty or absent without tasks.
inline constexpr char kTasksProperty[] = "tasks";

// What a model reads to answer the items of one half of a task.
struct TaskReading {
  int64_t sequences = 0;  // one per choice of an item
  int64_t tokens = 0;     // of all sequences; a beginning that neighbours share counts once
};

struct RunTask {
  std::string name;
  std::string metric;  // "acc_norm" or "acc"
  // That are measured of each candidate and of each finalist, as the configuration limits them.
  int64_t fitness_items = 0;
  int64_t report_items = 0;
  // Known after ReadRunTasks, not after RunTasksFromJson.
  TaskReading fitness_reading = {};
  TaskReading report_reading = {};
};

struct RunTasks {
  std::string digest;
  std::vector<RunTask> tasks;
};

// Of fitness.tasks, whose items must be fit for the configuration's model. Empty without any.
// Errors of ReadZeroShotTasks and ZeroShotRequests, with the key.
absl::StatusOr<RunTasks> ReadRunTasks(const RunConfig& config);

// {"digest", "tasks": [{"name", "metric", "fitness_items", "report_items"}]}.
nlohmann::ordered_json ToJson(const RunTasks& tasks);
// DataLoss for other text; no tasks for an empty one.
absl::StatusOr<RunTasks> RunTasksFromJson(const std::string& text);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_RUN_TASKS_H_
