// Starts a program as a child process that inherits only the open files it is meant to have.
#ifndef STRATA_WORKERS_WORKER_CHILD_PROCESS_H_
#define STRATA_WORKERS_WORKER_CHILD_PROCESS_H_

#include <absl/status/statusor.h>
#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace strata::workers {

struct ChildProcessOptions {
  std::vector<std::string> command;  // argv; the program is looked up in PATH
  // Pairs of an open descriptor of this process and its number in the child, in ascending order of
  // these numbers. All descriptors except these and the standard three are closed in the child.
  std::vector<std::pair<int, int>> descriptors = {};
  bool new_session = false;  // keeps the terminal's signals from the child
  // The kernel sends this signal to the child when the thread that started the child ends.
  int death_signal = SIGTERM;
};

// Starts the program and returns its process id. The caller must wait for the process (waitpid).
// Signals are unblocked and have their default actions in the child. Errors: Unavailable, with the
// system's reason, if the program cannot be run.
absl::StatusOr<pid_t> StartChildProcess(const ChildProcessOptions& options);

// Describes a status of waitpid: "was killed by signal 11 (Segmentation fault)" or "ended with exit
// status 1".
std::string DescribeEnd(int wait_status);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_CHILD_PROCESS_H_
