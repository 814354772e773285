// The worker side: connects, asks, evaluates, reports, until told to shut down.
#ifndef STRATA_WORKERS_WORKER_H_
#define STRATA_WORKERS_WORKER_H_

#include <absl/status/status.h>

#include <atomic>
#include <string>

#include "evaluator/evaluator.h"

namespace strata::workers {

struct WorkerOptions {
  std::string address;
  std::string name = "";  // default: host name and process id
  // How long an absent coordinator is retried, at the start and after a loss, with jittered
  // exponential backoff. A running evaluation goes on meanwhile and is delivered after a reconnect.
  double connect_timeout_seconds = 30;
};

// Serves tasks with `evaluator` on the calling thread; a second thread keeps the stream and its
// heartbeats. `drain` may be null and is polled, so a signal handler may set it.
//
// Ok when the coordinator says the run is over, or `drain` became true and the running task was
// delivered; Unavailable when no coordinator answers; FailedPrecondition with the coordinator's
// reason when refused; InvalidArgument or Unimplemented for an address as Coordinator::Start;
// InvalidArgument for a name that is not UTF-8, has control characters or exceeds 256 bytes.
absl::Status RunWorker(const WorkerOptions& options, evaluator::Evaluator* evaluator,
                       const std::atomic<bool>* drain);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_H_
