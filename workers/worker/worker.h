// Worker loop: connects, asks for work, evaluates and reports, until it is told to shut down.
#ifndef STRATA_WORKERS_WORKER_WORKER_H_
#define STRATA_WORKERS_WORKER_WORKER_H_

#include <absl/status/status.h>

#include <atomic>
#include <string>

#include "evaluator/evaluator.h"
#include "workers/wire/credentials.h"
#include "workers/worker/work_runner.h"

namespace strata::workers {

struct WorkerOptions {
  std::string address;    // as for ParseAddress, or "file:PATH" of an announcement
  std::string name = "";  // default: host name and process id
  // How long to retry if the coordinator is absent, at the start or after a loss, with jittered
  // exponential backoff. A running evaluation goes on meanwhile; its result is delivered after a
  // reconnect.
  double connect_timeout_seconds = 30;
  Credentials credentials = {};
  // Name that the coordinator's certificate must have. Empty: the host of the address.
  std::string server_name = "";
  // Path of a file for health probes. Empty: none. The thread that keeps the stream writes
  // "connected" or "waiting" to it at least every few seconds. The file is removed at the end.
  std::string state_file = "";
};

// Executes work items with `runner` on the calling thread; a second thread keeps the stream and its
// heartbeats. `drain` may be null. It is polled, so a signal handler may set it.
//
// Returns OK if the run is over, or if `drain` became true and the running work item was delivered.
// Errors: Unavailable if no coordinator answers; FailedPrecondition, with the coordinator's reason,
// if it refuses this worker, and if a connection to another machine lacks TLS; PermissionDenied if
// the coordinator does not accept the token; InvalidArgument if the address is malformed, or if the
// name is not UTF-8, has control characters or exceeds 256 bytes; errors of MakeChannelCredentials.
absl::Status RunWorker(const WorkerOptions& options, WorkRunner* runner,
                       const std::atomic<bool>* drain);

// The same with an evaluator in this process.
absl::Status RunWorker(const WorkerOptions& options, evaluator::Evaluator* evaluator,
                       const std::atomic<bool>* drain);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_WORKER_H_
