// Scores the responses to single items with the metrics of lm-evaluation-harness.
#ifndef STRATA_EVALUATOR_TASKS_ITEM_SCORES_H_
#define STRATA_EVALUATOR_TASKS_ITEM_SCORES_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "evaluator/tasks/responses.h"
#include "evaluator/tasks/task.h"

namespace strata::tasks {

// One metric for all items of a task. The figure of the task is computed from the mean of the
// values, which is weighted for figures per word or byte.
struct ScoreColumn {
  Metric metric = Metric::kAcc;
  std::string filter;  // name of a generation's filter; else empty
  std::vector<double> values;
  std::vector<double> weights;

  std::string Name() const;  // "acc", "exact_match,strict-match"
};

// Scores `responses`, one per item. Returns one column per metric of the task, in the task's order;
// for a generation, one per filter. Of equally likely choices, the first counts. Errors:
// InvalidArgument for responses that do not belong to the task, and for a filter's expression that
// exceeds its limit of steps.
absl::StatusOr<std::vector<ScoreColumn>> ScoreItems(const Task& task,
                                                    const std::vector<ItemResponse>& responses);

// Returns the answers that a task's filters find in a response, in the order of the filters.
absl::StatusOr<std::vector<std::string>> FilteredAnswers(const Task& task,
                                                         const ItemResponse& response);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ITEM_SCORES_H_
