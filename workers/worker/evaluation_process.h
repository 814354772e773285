// Evaluates in a child process, which is killed if it takes too long or too much memory or makes no
// progress. If the child was killed or crashed, the worker lives on, reports what happened and
// starts another child.
//
// The worker itself loads no model. Files that the children of one machine map (checkpoints, banks,
// levels) are in memory once; each child has its own copy of what LibTorch allocates.
#ifndef STRATA_WORKERS_WORKER_EVALUATION_PROCESS_H_
#define STRATA_WORKERS_WORKER_EVALUATION_PROCESS_H_

#include <absl/status/statusor.h>
#include <signal.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "workers/worker/work_runner.h"

namespace strata::workers {

struct EvaluationLimits {
  double item_seconds = 0;  // for one work item; 0: no limit
  // Longest time in which progress stays the same, also while the model is loaded; after it the
  // child counts as hung, or, if it reports the same progress again and again, as waiting in vain
  // (for a bank that another process builds). 0: no limit.
  double hang_seconds = 1800;
  // Limit of the child's own memory without mapped files, checked 20 times a second. 0: no limit.
  int64_t memory_bytes = 0;
  // Time in which a work item that is no longer wanted must end before its process is killed.
  double stop_seconds = 4;
  // Time in which a killed process must end before it is left behind, and the signal that kills it.
  // Tests use a signal that a process survives.
  double death_seconds = 10;
  int kill_signal = SIGKILL;
};

struct EvaluationProcessOptions {
  std::vector<std::string> command;  // argv of a program that runs an EvaluationChild
  EvaluationLimits limits;
  const std::atomic<bool>* drain = nullptr;  // may be null; true ends the wait for the first child
};

// Starts the first child and waits until it can evaluate. The returned runner kills the child when
// the runner is destroyed. The thread that calls this must call Run and live as long as the runner.
//
// Run reports failures of the child as TIME_LIMIT, MEMORY_LIMIT or CRASH. It reports INFRASTRUCTURE
// if the child was killed from outside (SIGKILL, SIGTERM, SIGINT or SIGHUP: by a person, a
// scheduler, or the kernel when memory ran out), could not read a mapped file (SIGBUS), cannot be
// started again, waited in vain, or was killed because its work item was no longer wanted. A killed
// child that does not end, because the kernel holds it while a disk does not answer, is left
// behind; until it ends no other is started, and work items fail with INFRASTRUCTURE.
//
// Errors: those that the child reports when it cannot open the model, the text or the tasks;
// Unavailable if the child cannot be run or ends before it reports anything; DeadlineExceeded if it
// reports nothing within hang_seconds; Cancelled if `drain` becomes true.
absl::StatusOr<std::unique_ptr<WorkRunner>> StartEvaluationProcess(
    const EvaluationProcessOptions& options);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_EVALUATION_PROCESS_H_
