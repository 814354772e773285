#include "workers/worker/local_workers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <fstream>
#include <optional>
#include <thread>

#include "evaluator/clock.h"
#include "workers/worker/child_process.h"

namespace strata::workers {
namespace {

constexpr double kFirstPauseSeconds = 0.2;  // before a restart; doubles with each one
constexpr double kLongestPauseSeconds = 5;
constexpr std::chrono::seconds kTermination(5);  // between SIGTERM and SIGKILL
constexpr std::chrono::milliseconds kReapInterval(5);
constexpr double kRestartWindowSeconds = 3600;

std::string ReplaceIndex(std::string argument, int index) {
  const std::string placeholder = "{index}";
  for (size_t at = argument.find(placeholder); at != std::string::npos;
       at = argument.find(placeholder, at)) {
    argument.replace(at, placeholder.size(), std::to_string(index));
  }
  return argument;
}

std::string LastLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::string last;
  while (std::getline(file, line)) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  }
  return last.empty() ? "(the log is empty)" : last;
}

class ProcessGroup : public LocalWorkers {
 public:
  explicit ProcessGroup(const LocalWorkersOptions& options)
      : options_(options), slots_(static_cast<size_t>(options.count)) {
    if (!options_.now_seconds) options_.now_seconds = evaluator::SteadySeconds;
  }

  ~ProcessGroup() override {
    SignalAll(SIGTERM);
    if (WaitForAll()) return;
    SignalAll(SIGKILL);
    if (WaitForAll()) return;
    for (const int process : process_ids()) {
      spdlog::warn("worker process {} was killed and has not ended: it is left behind", process);
    }
  }

  absl::Status StartAll() {
    for (int index = 0; index < options_.count; ++index) {
      absl::Status status = Launch(index);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Check() override {
    for (int index = 0; index < options_.count; ++index) {
      Slot& slot = slots_[static_cast<size_t>(index)];
      absl::Status status = Reap(index, &slot);
      if (!status.ok()) return status;
      if (!slot.restart_at.has_value() || options_.now_seconds() < *slot.restart_at) continue;
      slot.restart_at.reset();
      status = Launch(index);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  std::vector<int> process_ids() const override {
    std::vector<int> ids;
    for (const Slot& slot : slots_) {
      if (slot.process > 0) ids.push_back(slot.process);
    }
    return ids;
  }

 private:
  struct Slot {
    pid_t process = 0;  // 0: none runs
    std::optional<double> restart_at;
  };

  std::string LogPath(int index) const {
    return fmt::format("{}/worker-{}.log", options_.log_folder, index);
  }

  absl::Status Launch(int index) {
    ChildProcessOptions process;
    process.command = options_.command;
    process.command.back() = ReplaceIndex(process.command.back(), index);
    process.new_session = true;
    const std::string log_path = LogPath(index);
    const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) {
      return absl::UnavailableError(
          fmt::format("cannot open the worker log {}: {}", log_path, std::strerror(errno)));
    }
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    process.descriptors = {{nothing, STDIN_FILENO}, {log, STDOUT_FILENO}, {log, STDERR_FILENO}};
    const absl::StatusOr<pid_t> child = StartChildProcess(process);
    close(nothing);
    close(log);
    if (!child.ok()) return child.status();
    slots_[static_cast<size_t>(index)].process = *child;
    return absl::OkStatus();
  }

  absl::Status Reap(int index, Slot* slot) {
    int wait_status = 0;
    if (slot->process == 0 || waitpid(slot->process, &wait_status, WNOHANG) != slot->process) {
      return absl::OkStatus();
    }
    slot->process = 0;
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return absl::OkStatus();
    const std::string end = fmt::format("worker {} {}", index, DescribeEnd(wait_status));
    const double now = options_.now_seconds();
    while (!restarts_.empty() && restarts_.front() <= now - kRestartWindowSeconds) {
      restarts_.pop_front();
    }
    const auto restarts = static_cast<int>(restarts_.size());
    if (restarts >= options_.maximum_restarts) {
      return absl::UnavailableError(fmt::format(
          "{}, and the {} restarts allowed within an hour are used up; last line of {}: {}", end,
          options_.maximum_restarts, LogPath(index), LastLine(LogPath(index))));
    }
    const double pause = std::min(kFirstPauseSeconds * std::exp2(restarts), kLongestPauseSeconds);
    restarts_.push_back(now);
    slot->restart_at = now + pause;
    spdlog::warn("{}; restart {} of the {} within an hour in {:.1f} s", end, restarts + 1,
                 options_.maximum_restarts, pause);
    return absl::OkStatus();
  }

  // Signals the process groups, so that a worker's own children end too.
  void SignalAll(int number) {
    for (const Slot& slot : slots_) {
      if (slot.process > 0) kill(-slot.process, number);
    }
  }

  // Returns false if some still run after a while.
  bool WaitForAll() {
    const auto deadline = std::chrono::steady_clock::now() + kTermination;
    while (!Reaped()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(kReapInterval);
    }
    return true;
  }

  bool Reaped() {
    bool all = true;
    for (Slot& slot : slots_) {
      if (slot.process == 0) continue;
      if (waitpid(slot.process, nullptr, WNOHANG) == slot.process) {
        slot.process = 0;
      } else {
        all = false;
      }
    }
    return all;
  }

  LocalWorkersOptions options_;
  std::vector<Slot> slots_;
  std::deque<double> restarts_;  // their times within the last hour
};

}  // namespace

absl::StatusOr<std::unique_ptr<LocalWorkers>> LocalWorkers::Start(
    const LocalWorkersOptions& options) {
  if (options.count < 1) {
    return absl::InvalidArgumentError(
        fmt::format("local workers: expected at least 1, found {}", options.count));
  }
  if (options.command.empty() || options.command[0].empty()) {
    return absl::InvalidArgumentError("local workers: expected a command, found none");
  }
  auto workers = std::make_unique<ProcessGroup>(options);
  absl::Status status = workers->StartAll();
  if (!status.ok()) return status;
  return workers;
}

}  // namespace strata::workers
