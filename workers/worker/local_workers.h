// Process supervisor: starts worker processes on this machine, watches them, restarts them a
// bounded number of times an hour, and stops them.
//
// Each worker runs in its own session, so that Ctrl-C in the terminal reaches only the coordinator.
// The kernel sends a worker SIGTERM when the thread that started it ends. Start and Check must
// therefore be called by a thread that lives as long as the workers should.
#ifndef STRATA_WORKERS_WORKER_LOCAL_WORKERS_H_
#define STRATA_WORKERS_WORKER_LOCAL_WORKERS_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace strata::workers {

struct LocalWorkersOptions {
  int count = 2;
  // argv of one worker process; the program is looked up in PATH. "{index}" in the last argument is
  // replaced by the worker's number, 0 to count - 1. It is not replaced in other arguments, because
  // paths may contain anything.
  std::vector<std::string> command;
  // Existing folder. Output and errors of a worker are appended to worker-INDEX.log in it.
  std::string log_folder;
  // Restarts of all workers together within any hour; after them Check returns an error.
  int maximum_restarts = 5;
  // Clock of the pauses before restarts. Null: the system's steady clock.
  std::function<double()> now_seconds;
};

// Not thread-safe.
class LocalWorkers {
 public:
  // Starts all workers. Errors: InvalidArgument if the command is missing or the count is below 1;
  // Unavailable, with the system's reason, if a log cannot be opened or the program cannot be run.
  static absl::StatusOr<std::unique_ptr<LocalWorkers>> Start(const LocalWorkersOptions& options);

  // Terminates the workers that still run and their descendants: SIGTERM, then SIGKILL after a
  // short wait.
  virtual ~LocalWorkers() = default;

  // Reaps dead workers and restarts them after a pause that grows. A worker that ended with exit
  // status 0 was told to leave and is not restarted. To be called a few times a second. Errors:
  // Unavailable if a restart fails, or if the restarts are used up; in the second case the message
  // contains the name of the log file and its last line.
  virtual absl::Status Check() = 0;

  virtual std::vector<int> process_ids() const = 0;  // of the workers that run
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_LOCAL_WORKERS_H_
