// Executor of work items: in this process, or in another one that can be killed
// (workers/worker/evaluation_process.h).
#ifndef STRATA_WORKERS_WORKER_WORK_RUNNER_H_
#define STRATA_WORKERS_WORKER_WORK_RUNNER_H_

#include <memory>

#include "evaluator/evaluator_set.h"

namespace strata::v1 {
class Hello;
class Result;
class WorkItem;
}  // namespace strata::v1

namespace strata::workers {

// Used by one thread.
class WorkRunner {
 public:
  virtual ~WorkRunner() = default;

  // Returns the description of what the work items are computed with; the worker's name is empty.
  virtual const v1::Hello& hello() const = 0;

  // Executes a work item. Always returns a result of it; errors are reported as a Failure.
  // `progress` may be null; if it returns false, the work item ends soon, with a Failure.
  virtual v1::Result Run(const v1::WorkItem& item, const evaluator::Progress& progress) = 0;
};

// Makes a runner that evaluates in this process. The argument must outlive the runner.
std::unique_ptr<WorkRunner> MakeWorkRunner(evaluator::EvaluatorSet* evaluators);
std::unique_ptr<WorkRunner> MakeWorkRunner(evaluator::Evaluator* evaluator);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_WORK_RUNNER_H_
