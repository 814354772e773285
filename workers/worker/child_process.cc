#include "workers/worker/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace strata::workers {
namespace {

constexpr int kAboveAllTargets = 64;

// Turns the child into the program, between fork and exec, using only calls that are safe there.
// Never returns. If it fails, it writes errno to `error_pipe`, which exec closes.
[[noreturn]] void Become(const ChildProcessOptions& options, char* const* arguments,
                         int* descriptors, int error_pipe, pid_t parent) {
  // If the parent died before this request, the kernel will not send the signal.
  prctl(PR_SET_PDEATHSIG, options.death_signal);
  if (getppid() != parent) _exit(1);
  if (options.new_session) setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) signal(number, SIG_DFL);
  // First move the descriptors away from the numbers that they are to have.
  for (size_t i = 0; i < options.descriptors.size(); ++i) {
    descriptors[i] = fcntl(options.descriptors[i].first, F_DUPFD, kAboveAllTargets);
  }
  error_pipe = fcntl(error_pipe, F_DUPFD, kAboveAllTargets);
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  bool ready = error_pipe >= 0;
  for (size_t i = 0; i < options.descriptors.size(); ++i) {
    ready = ready && dup2(descriptors[i], options.descriptors[i].second) >= 0;
  }
  if (ready) execvp(arguments[0], arguments);
  const int error = errno;
  const ssize_t written = write(error_pipe, &error, sizeof(error));
  _exit(written == sizeof(error) ? 127 : 126);
}

// Returns the child's errno, or 0 once its program runs.
int ReadError(int descriptor) {
  int error = 0;
  ssize_t count = 0;
  do {
    count = read(descriptor, &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  return count == sizeof(error) ? error : 0;
}

}  // namespace

absl::StatusOr<pid_t> StartChildProcess(const ChildProcessOptions& options) {
  std::vector<std::string> texts = options.command;
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  std::vector<int> descriptors(options.descriptors.size());
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) {
    return absl::UnavailableError(
        fmt::format("cannot start {}: {}", texts[0], std::strerror(errno)));
  }
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) Become(options, arguments.data(), descriptors.data(), error_pipe[1], parent);
  int error = child < 0 ? errno : 0;
  close(error_pipe[1]);
  if (child > 0) error = ReadError(error_pipe[0]);
  close(error_pipe[0]);
  if (error == 0) return child;
  if (child > 0) waitpid(child, nullptr, 0);
  return absl::UnavailableError(
      fmt::format("cannot run the program {}: {}", texts[0], std::strerror(error)));
}

std::string DescribeEnd(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return fmt::format("was killed by signal {} ({})", WTERMSIG(wait_status),
                       strsignal(WTERMSIG(wait_status)));
  }
  return fmt::format("ended with exit status {}", WEXITSTATUS(wait_status));
}

}  // namespace strata::workers
