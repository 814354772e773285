// Starts a program as a child process, with nothing of this process left open in it.
#ifndef STRATA_WORKERS_CHILD_PROCESS_H_
#define STRATA_WORKERS_CHILD_PROCESS_H_

#include <absl/status/statusor.h>
#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace strata::workers {

struct ChildProcessOptions {
  std::vector<std::string> command;  // argv; the program is looked up in PATH
  // Open descriptors of this process and the numbers, ascending, that they have in the child.
  // Others than these and the standard three are closed there.
  std::vector<std::pair<int, int>> descriptors = {};
  bool new_session = false;  // out of reach of the terminal's signals
  // Sent by the kernel when the thread that started the child ends.
  int death_signal = SIGTERM;
};

// Signals are unblocked and have their default actions in the child. Unavailable, with the system's
// reason, if the program cannot be run. The caller waits for the process.
absl::StatusOr<pid_t> StartChildProcess(const ChildProcessOptions& options);

// "was killed by signal 11 (Segmentation fault)", "ended with exit status 1": of a status of
// waitpid.
std::string DescribeEnd(int wait_status);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_CHILD_PROCESS_H_
