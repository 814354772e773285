// Figures of tasks and groups of tasks, for one version of a model or for two side by side.
#ifndef STRATA_EVALUATOR_TASKS_TASK_RESULTS_H_
#define STRATA_EVALUATOR_TASKS_TASK_RESULTS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/tasks/estimate.h"
#include "evaluator/tasks/item_scores.h"
#include "evaluator/tasks/task.h"

namespace strata::tasks {

struct MetricResult {
  Metric metric = Metric::kAcc;
  std::string name;  // metric, with the filter of a generation
  Estimate estimate;
  std::optional<Estimate> difference;  // figure minus that of the compared version
};

struct TaskResult {
  std::string name;
  bool is_group = false;
  int64_t documents = 0;
  int64_t truncated_documents = 0;  // those whose context was cut to fit the model
  std::vector<MetricResult> metrics;
};

// Returns one result per task, then one per group. `responses` holds, for each task, one response
// per item. `compared` is empty, or holds the responses of another version to the same items, from
// which the differences are computed. Errors: those of ScoreItems.
absl::StatusOr<std::vector<TaskResult>> SummarizeTasks(
    const TaskSet& set, const std::vector<std::vector<ItemResponse>>& responses,
    const std::vector<std::vector<ItemResponse>>& compared, const BootstrapOptions& bootstrap);

// Returns how the figure of a metric is computed from its items.
Link LinkOf(Metric metric);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TASK_RESULTS_H_
