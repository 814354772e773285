// The process that evaluates for a worker: its end of proto/child.proto. It holds the model, and
// nothing that others wait for, so that the worker can kill it at any time
// (workers/worker/evaluation_process.h is the worker's end).
#ifndef STRATA_WORKERS_EVALUATION_CHILD_H_
#define STRATA_WORKERS_EVALUATION_CHILD_H_

#include <absl/status/statusor.h>

#include <memory>

#include "workers/worker/message_pipe.h"
#include "workers/worker/task_runner.h"

namespace strata::workers {

inline constexpr int kChildSocket = 3;  // the descriptor that the worker leaves open

// Not thread-safe.
class EvaluationChild {
 public:
  // From now on SIGTERM and SIGINT, which may come for all processes of a terminal or of a Slurm
  // step, leave the running task alone: the worker decides. Where memory runs out, the kernel is
  // asked to end this process rather than the worker. FailedPrecondition: no worker started this
  // process.
  static absl::StatusOr<std::unique_ptr<EvaluationChild>> Create();

  // Tells the worker why there is nothing to evaluate with. Returns `error`.
  absl::Status Refuse(const absl::Status& error);

  // Evaluates until the worker closes the connection. DataLoss: what came is no message.
  absl::Status Serve(TaskRunner* runner);

 private:
  EvaluationChild() : pipe_(kChildSocket) {}
  v1::Result Run(const v1::Task& task, TaskRunner* runner);

  MessagePipe pipe_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_EVALUATION_CHILD_H_
