// What responses are worth: the metrics of lm-evaluation-harness for single items.
#ifndef STRATA_EVALUATOR_TASKS_ITEM_SCORES_H_
#define STRATA_EVALUATOR_TASKS_ITEM_SCORES_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "evaluator/tasks/responses.h"
#include "evaluator/tasks/task.h"

namespace strata::tasks {

// One metric of all items: their mean, weighted where it is a figure per word or byte.
struct ScoreColumn {
  Metric metric = Metric::kAcc;
  std::string filter;  // of a generation: the filter's name; else empty
  std::vector<double> values;
  std::vector<double> weights;

  std::string Name() const;  // "acc", "exact_match,strict-match"
};

// `responses`: one for each item. The columns are the task's metrics in its order, for each filter.
// Of equally likely choices the first counts. InvalidArgument for responses that are not the
// task's, and for a filter's expression that goes beyond its limit of steps.
absl::StatusOr<std::vector<ScoreColumn>> ScoreItems(const Task& task,
                                                    const std::vector<ItemResponse>& responses);

// The answers that a task's filters find in a response, in the order of the filters.
absl::StatusOr<std::vector<std::string>> FilteredAnswers(const Task& task,
                                                         const ItemResponse& response);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ITEM_SCORES_H_
