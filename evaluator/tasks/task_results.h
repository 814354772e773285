// The figures of tasks and groups of tasks, of one version of a model or of two side by side.
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
  std::string name;  // of the metric, with the filter of a generation
  Estimate estimate;
  std::optional<Estimate> difference;  // to the figure of the version compared with
};

struct TaskResult {
  std::string name;
  bool is_group = false;
  int64_t documents = 0;
  int64_t truncated_documents = 0;  // whose context did not fit into what the model reads
  std::vector<MetricResult> metrics;
};

// One result for each task, then one for each group. `responses`: of each task, one for each item;
// `compared`: empty, or those of another version to the same items, which differences are taken to.
// Errors of ScoreItems.
absl::StatusOr<std::vector<TaskResult>> SummarizeTasks(
    const TaskSet& set, const std::vector<std::vector<ItemResponse>>& responses,
    const std::vector<std::vector<ItemResponse>>& compared, const BootstrapOptions& bootstrap);

// How figures of a metric follow from its items.
Link LinkOf(Metric metric);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TASK_RESULTS_H_
