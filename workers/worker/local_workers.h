// Worker processes on this machine: started, watched, restarted a bounded number of times, stopped.
//
// Each runs in a session of its own, so that Ctrl-C in the terminal reaches the coordinator alone,
// and is sent SIGTERM by the kernel when the coordinator dies. The kernel looks at the thread that
// started it: Start and Check must be called by a thread that lives as long as the workers should.
#ifndef STRATA_WORKERS_LOCAL_WORKERS_H_
#define STRATA_WORKERS_LOCAL_WORKERS_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace strata::workers {

struct LocalWorkersOptions {
  int count = 2;
  // argv of one worker process, the program looked up in PATH. "{index}" in the last argument, and
  // in no other (paths may hold anything), is replaced by the worker's number, 0 to count - 1.
  std::vector<std::string> command;
  std::string log_folder;    // exists; worker-INDEX.log in it gets output and errors, appended
  int maximum_restarts = 5;  // over all workers; then Check returns an error
  // Clock of the pauses before restarts. Null: the system's steady clock.
  std::function<double()> now_seconds;
};

// Not thread-safe.
class LocalWorkers {
 public:
  // InvalidArgument for a missing command or count; Unavailable, with the system's reason, if a log
  // cannot be opened or the program cannot be run.
  static absl::StatusOr<std::unique_ptr<LocalWorkers>> Start(const LocalWorkersOptions& options);

  // Terminates what still runs, with its descendants: SIGTERM, then SIGKILL after a short wait.
  virtual ~LocalWorkers() = default;

  // Reaps dead workers and, after a pause that grows, restarts them. One that ended with exit
  // status 0 was told to leave and is not restarted. To be called a few times a second. The error,
  // Unavailable, names the log file and its last line once restarts are used up.
  virtual absl::Status Check() = 0;

  virtual std::vector<int> process_ids() const = 0;  // of those that run
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_LOCAL_WORKERS_H_
