// The worker side: connects, asks, evaluates, reports, until told to shut down.
#ifndef STRATA_WORKERS_WORKER_H_
#define STRATA_WORKERS_WORKER_H_

#include <absl/status/status.h>

#include <atomic>
#include <string>

#include "evaluator/evaluator.h"
#include "workers/wire/credentials.h"
#include "workers/worker/task_runner.h"

namespace strata::workers {

struct WorkerOptions {
  std::string address;    // of ParseAddress, or "file:PATH" of an announcement
  std::string name = "";  // default: host name and process id
  // How long an absent coordinator is retried, at the start and after a loss, with jittered
  // exponential backoff. A running evaluation goes on meanwhile and is delivered after a reconnect.
  double connect_timeout_seconds = 30;
  Credentials credentials = {};
  // Whose certificate the coordinator must show; empty: the host of the address.
  std::string server_name = "";
  // Written at least every few seconds by the thread that keeps the stream: "connected" or
  // "waiting". Removed at the end; empty: none. For probes of those who run workers.
  std::string state_file = "";
};

// Serves tasks with `runner` on the calling thread; a second thread keeps the stream and its
// heartbeats. `drain` may be null and is polled, so a signal handler may set it.
//
// Ok when the coordinator says the run is over, or `drain` became true and the running task was
// delivered; Unavailable when no coordinator answers; FailedPrecondition with the coordinator's
// reason when refused; PermissionDenied for a token that it does not accept; InvalidArgument for an
// address that is malformed; errors of MakeChannelCredentials;
// InvalidArgument for a name that is not UTF-8, has control characters or exceeds 256 bytes.
absl::Status RunWorker(const WorkerOptions& options, TaskRunner* runner,
                       const std::atomic<bool>* drain);

// With an evaluator in this process.
absl::Status RunWorker(const WorkerOptions& options, evaluator::Evaluator* evaluator,
                       const std::atomic<bool>* drain);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_H_
