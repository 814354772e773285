// What a worker does with a task: in this process, or in another that can be killed
// (workers/worker/evaluation_process.h).
#ifndef STRATA_WORKERS_TASK_RUNNER_H_
#define STRATA_WORKERS_TASK_RUNNER_H_

#include <memory>

#include "evaluator/evaluator_set.h"

namespace strata::v1 {
class Hello;
class Result;
class Task;
}  // namespace strata::v1

namespace strata::workers {

// Used by one thread.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;

  // What the tasks are computed with; without the worker's name.
  virtual const v1::Hello& hello() const = 0;

  // Always a result of the task: what goes wrong is a Failure. `progress` may be null; false from
  // it ends the task soon, with a Failure.
  virtual v1::Result Run(const v1::Task& task, const evaluator::Progress& progress) = 0;
};

// In this process. What is given must outlive the runner.
std::unique_ptr<TaskRunner> MakeTaskRunner(evaluator::EvaluatorSet* evaluators);
std::unique_ptr<TaskRunner> MakeTaskRunner(evaluator::Evaluator* evaluator);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_TASK_RUNNER_H_
