// Tasks for an evaluator of models: what ModelEvaluatorOptions::open_tasks makes. LibTorch stays
// behind this header.
#ifndef STRATA_EVALUATOR_TASKS_ZERO_SHOT_SCORER_H_
#define STRATA_EVALUATOR_TASKS_ZERO_SHOT_SCORER_H_

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "evaluator/tasks/task.h"

namespace strata::evaluator {
class TaskScorer;
}  // namespace strata::evaluator

namespace strata::tasks {

// `set` as ReadZeroShotTasks gives it. Errors of ZeroShotRequests::Open.
absl::StatusOr<std::shared_ptr<evaluator::TaskScorer>> OpenZeroShotScorer(
    TaskSet set, const std::string& model_path);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ZERO_SHOT_SCORER_H_
