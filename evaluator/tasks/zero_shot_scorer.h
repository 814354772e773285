// Scores zero-shot tasks for a model evaluator, which opens the scorer by
// ModelEvaluatorOptions::open_tasks. LibTorch stays behind this header.
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

// `set` comes from ReadZeroShotTasks. Errors: those of ZeroShotRequests::Open.
absl::StatusOr<std::shared_ptr<evaluator::TaskScorer>> OpenZeroShotScorer(
    TaskSet set, const std::string& model_path);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ZERO_SHOT_SCORER_H_
