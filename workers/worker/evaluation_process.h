// Evaluates in a child process, which is killed when it takes too long or too much memory, does not
// move, or crashes; the worker lives on, says what happened, and starts another.
//
// The worker itself loads no model. What children of one machine map from files (checkpoints,
// banks, levels) lies in memory once; what LibTorch allocates belongs to each.
#ifndef STRATA_WORKERS_EVALUATION_PROCESS_H_
#define STRATA_WORKERS_EVALUATION_PROCESS_H_

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "workers/worker/task_runner.h"

namespace strata::workers {

struct EvaluationLimits {
  double task_seconds = 0;  // for one task; 0: no limit
  // Without a step of progress, also while the model is loaded: it hangs. 0: no limit.
  double hang_seconds = 1800;
  // Of the child's own memory, mapped files not counted, looked at 20 times a second; 0: no limit.
  int64_t memory_bytes = 0;
  // For a task that is no longer wanted to end, before its process is killed.
  double stop_seconds = 4;
};

struct EvaluationProcessOptions {
  std::vector<std::string> command;  // argv of a program that runs an EvaluationChild
  EvaluationLimits limits;
  const std::atomic<bool>* drain = nullptr;  // may be null: ends the wait for the first child
};

// Starts the first child and waits until it can evaluate. Its runner kills the child when it is
// destroyed. The thread that calls this must call Run and live as long as the runner.
//
// Of Run's failures, those of the child: TIME_LIMIT, MEMORY_LIMIT; CRASH, unless it was killed from
// outside (SIGKILL, SIGTERM, SIGINT, SIGHUP: by a person, a scheduler, or the kernel when memory
// ran out) or cannot be started again: INFRASTRUCTURE.
//
// Errors: those that the child opened with; Unavailable where it cannot be run or ends before it
// says what; DeadlineExceeded where it says nothing within hang_seconds; Cancelled by `drain`.
absl::StatusOr<std::unique_ptr<TaskRunner>> StartEvaluationProcess(
    const EvaluationProcessOptions& options);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_EVALUATION_PROCESS_H_
