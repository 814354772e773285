// Server side of proto/child.proto, in the process that evaluates for a worker. The client side, in
// the worker, is workers/worker/evaluation_process.h. The process holds the model and nothing that
// other processes wait for, so the worker can kill it at any time.
#ifndef STRATA_WORKERS_WORKER_EVALUATION_CHILD_H_
#define STRATA_WORKERS_WORKER_EVALUATION_CHILD_H_

#include <absl/status/statusor.h>

#include <memory>

#include "workers/worker/message_pipe.h"
#include "workers/worker/work_runner.h"

namespace strata::workers {

inline constexpr int kChildSocket = 3;  // the descriptor that the worker leaves open

// Not thread-safe.
class EvaluationChild {
 public:
  // Makes this process ignore SIGTERM, SIGINT and SIGHUP, which may be sent to all processes of a
  // terminal or of a Slurm step, because the worker decides when a work item ends. Asks the kernel
  // to end this process rather than the worker if memory runs out. Errors: FailedPrecondition if no
  // worker started this process.
  static absl::StatusOr<std::unique_ptr<EvaluationChild>> Create();

  // Tells the worker why the model, the text or the tasks cannot be opened. Returns `error`.
  absl::Status Refuse(const absl::Status& error);

  // Evaluates until the worker closes the connection. Errors: DataLoss if the worker sends
  // something that is not a message.
  absl::Status Serve(WorkRunner* runner);

 private:
  EvaluationChild() : pipe_(kChildSocket) {}
  v1::Result Run(const v1::WorkItem& item, WorkRunner* runner);

  MessagePipe pipe_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_EVALUATION_CHILD_H_
