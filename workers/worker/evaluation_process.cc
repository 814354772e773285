#include "workers/worker/evaluation_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "evaluator/clock.h"
#include "expr/status_macros.h"
#include "proto/child.pb.h"
#include "workers/worker/child_process.h"
#include "workers/worker/evaluation_child.h"
#include "workers/worker/message_pipe.h"

namespace strata::workers {
namespace {

using evaluator::SecondsSince;
using evaluator::SteadySeconds;

constexpr double kPollSeconds = 0.05;

v1::Result Failed(const std::string& digest, v1::Failure::Kind kind, const std::string& message) {
  v1::Result result;
  result.set_digest(digest);
  result.mutable_failure()->set_kind(kind);
  result.mutable_failure()->set_message(message);
  return result;
}

// Returns how much memory and swap that no file backs a process has, in bytes; 0 if it is gone.
int64_t OwnMemoryBytes(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/status", process));
  int64_t kilobytes = 0;
  for (std::string field; file >> field;) {
    int64_t value = 0;
    if ((field == "RssAnon:" || field == "RssShmem:" || field == "VmSwap:") && file >> value) {
      kilobytes += value;
    }
  }
  return kilobytes << 10;
}

// Returns why a child that ended like this is no fault of its work item; empty if it may be one.
std::string OutsideReason(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return "";
  switch (WTERMSIG(wait_status)) {
    case SIGKILL:
    case SIGTERM:
    case SIGINT:
    case SIGHUP:
      return "from outside or because the machine's memory ran out";
    case SIGBUS:
      return "because a mapped file could not be read: is its disk there, and is the file whole?";
    default:
      return "";
  }
}

// One child, from its start to its end.
class Child {
 public:
  static absl::StatusOr<std::unique_ptr<Child>> Start(const EvaluationProcessOptions& options) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
      return absl::UnavailableError(
          fmt::format("cannot make a pair of sockets: {}", std::strerror(errno)));
    }
    const absl::StatusOr<pid_t> process =
        StartChildProcess({.command = options.command,
                           .descriptors = {{sockets[1], kChildSocket}},
                           .death_signal = SIGKILL});
    close(sockets[1]);
    if (process.ok()) return std::make_unique<Child>(*process, sockets[0], options.limits);
    close(sockets[0]);
    return process.status();
  }

  Child(pid_t process, int socket, const EvaluationLimits& limits)
      : process_(process), pipe_(socket), limits_(limits) {}
  ~Child() { End(); }

  pid_t process() const { return process_; }
  MessagePipe* pipe() { return &pipe_; }

  // Kills the child if it has not ended. Returns the status of waitpid; nullopt if it does not end.
  std::optional<int> End() {
    if (end_.has_value() || was_killed_) return end_;
    was_killed_ = true;
    kill(process_, limits_.kill_signal);
    return Wait(limits_.death_seconds);
  }

  // Waits for a child that closed its socket and is therefore about to end. Returns how it ended;
  // nullopt if it does not end.
  std::optional<int> EndByItself() {
    Wait(kLastMomentsSeconds);
    return End();
  }

 private:
  static constexpr double kLastMomentsSeconds = 10;  // a core file may be written

  std::optional<int> Wait(double seconds) {
    const double start = SteadySeconds();
    while (!end_.has_value()) {
      int status = 0;
      if (waitpid(process_, &status, WNOHANG) == process_) end_ = status;
      if (end_.has_value() || SecondsSince(start) > seconds) break;
      usleep(1000);
    }
    return end_;
  }

  const pid_t process_;
  MessagePipe pipe_;
  const EvaluationLimits limits_;
  bool was_killed_ = false;
  std::optional<int> end_;
};

class ProcessRunner : public WorkRunner {
 public:
  explicit ProcessRunner(const EvaluationProcessOptions& options) : options_(options) {}
  ~ProcessRunner() override { EndChild(); }

  const v1::Hello& hello() const override { return *hello_; }

  // Starts a child. Its Hello must be the same as that of the previous child.
  absl::Status Open(const std::atomic<bool>* drain) {
    if (left_behind_.has_value() && waitpid(*left_behind_, nullptr, WNOHANG) == 0) {
      return absl::UnavailableError(fmt::format(
          "process {} that evaluated before was killed and has not ended: the kernel holds it, as "
          "it does while a disk or a file server does not answer",
          *left_behind_));
    }
    left_behind_.reset();
    STRATA_ASSIGN_OR_RETURN(child_, Child::Start(options_));
    absl::StatusOr<v1::Hello> hello = ReceiveHello(drain);
    if (!hello.ok()) {
      EndChild();
      return hello.status();
    }
    if (hello_.has_value() && hello->SerializeAsString() != hello_->SerializeAsString()) {
      EndChild();
      return absl::FailedPreconditionError(
          "the model or the text changed on disk while the worker ran: start it again");
    }
    hello_ = *std::move(hello);
    return absl::OkStatus();
  }

  v1::Result Run(const v1::WorkItem& item, const evaluator::Progress& progress) override {
    if (child_ == nullptr) {
      if (const absl::Status opened = Open(nullptr); !opened.ok()) {
        return Failed(item.digest(), v1::Failure::INFRASTRUCTURE,
                      fmt::format("the process that evaluates cannot be started again: {}",
                                  std::string(opened.message())));
      }
    }
    v1::ToChild order;
    *order.mutable_item() = item;
    absl::StatusOr<v1::Result> result = child_->pipe()->Write(order).ok()
                                            ? Await(item.digest(), progress)
                                            : absl::StatusOr<v1::Result>(Buried(item.digest()));
    if (result.ok()) return *std::move(result);
    EndChild();
    return Failed(item.digest(), v1::Failure::CRASH, std::string(result.status().message()));
  }

 private:
  absl::StatusOr<v1::Hello> ReceiveHello(const std::atomic<bool>* drain) {
    const double start = SteadySeconds();
    v1::FromChild message;
    while (true) {
      const absl::StatusOr<bool> read = child_->pipe()->Read(kPollSeconds, &message);
      if (!read.ok()) {
        const std::string end = Describe(child_->EndByItself());
        return absl::UnavailableError(
            fmt::format("the process that evaluates {} before it was ready", end));
      }
      if (*read && message.has_hello()) return message.hello();
      if (*read && message.has_open_error()) {
        return absl::Status(static_cast<absl::StatusCode>(message.open_error().code()),
                            message.open_error().message());
      }
      if (drain != nullptr && drain->load()) return absl::CancelledError("drained");
      const double limit = options_.limits.hang_seconds;
      if (limit > 0 && SecondsSince(start) > limit) {
        return absl::DeadlineExceededError(
            fmt::format("the process that evaluates was not ready after {} s", limit));
      }
    }
  }

  // Returns the child's result, or the failure if the child died or had to be killed. Errors: those
  // of MessagePipe::Read if the child sends something that is not a message.
  absl::StatusOr<v1::Result> Await(const std::string& digest, const evaluator::Progress& progress) {
    const double start = SteadySeconds();
    Times times = {.start = start, .message = start, .step = start};
    std::optional<double> stopped_at;
    double fraction = -1;  // until the child reports one
    while (true) {
      v1::FromChild message;
      const absl::StatusOr<bool> read = child_->pipe()->Read(kPollSeconds, &message);
      if (absl::IsUnavailable(read.status())) return Buried(digest);
      if (!read.ok()) return read.status();
      if (message.has_result()) return message.result();
      if (*read) times.message = SteadySeconds();
      // The same progress again is no step: the child may be waiting for something.
      if (message.message_case() == v1::FromChild::kProgress && message.progress() != fraction) {
        fraction = message.progress();
        times.step = times.message;
      }
      // Called in every round, even without a new step, because it also says when to stop.
      if (progress && !progress(std::max(fraction, 0.0)) && !stopped_at.has_value()) {
        stopped_at = SteadySeconds();
        v1::ToChild order;
        order.set_stop(true);
        child_->pipe()->Write(order).IgnoreError();  // the next Read reports that it is gone
      }
      if (stopped_at.has_value() && SecondsSince(*stopped_at) > options_.limits.stop_seconds) {
        return Killed(digest, v1::Failure::INFRASTRUCTURE, "it was no longer wanted");
      }
      if (auto exceeded = CheckLimits(digest, times)) return *std::move(exceeded);
    }
  }

  struct Times {
    double start = 0;    // of the work item
    double message = 0;  // of the latest message
    double step = 0;     // of the latest message with another progress
  };

  std::optional<v1::Result> CheckLimits(const std::string& digest, const Times& times) {
    const EvaluationLimits& limits = options_.limits;
    if (limits.item_seconds > 0 && SecondsSince(times.start) > limits.item_seconds) {
      return Killed(digest, v1::Failure::TIME_LIMIT,
                    fmt::format("it took more than the {} s allowed", limits.item_seconds));
    }
    if (limits.hang_seconds > 0 && SecondsSince(times.step) > limits.hang_seconds) {
      if (SecondsSince(times.message) < limits.hang_seconds) {
        return Killed(digest, v1::Failure::INFRASTRUCTURE,
                      fmt::format("it waited for {} s, as for a bank that another process builds",
                                  limits.hang_seconds));
      }
      return Killed(digest, v1::Failure::TIME_LIMIT,
                    fmt::format("it did not move for {} s", limits.hang_seconds));
    }
    if (limits.memory_bytes > 0 && OwnMemoryBytes(child_->process()) > limits.memory_bytes) {
      return Killed(digest, v1::Failure::MEMORY_LIMIT,
                    fmt::format("it took more than the {:.2f} GiB of memory allowed",
                                static_cast<double>(limits.memory_bytes) / (1 << 30)));
    }
    return std::nullopt;
  }

  v1::Result Killed(const std::string& digest, v1::Failure::Kind kind, const std::string& reason) {
    spdlog::warn("work item {} is ended with its process: {}", digest, reason);
    EndChild();
    return Failed(digest, kind, "the evaluation was killed: " + reason);
  }

  v1::Result Buried(const std::string& digest) {
    const std::optional<int> status = child_->EndByItself();
    EndChild();
    const std::string end = fmt::format("the process that evaluates {}", Describe(status));
    spdlog::warn("work item {}: {}", digest, end);
    if (!status) return Failed(digest, v1::Failure::INFRASTRUCTURE, end);
    const std::string reason = OutsideReason(*status);
    return reason.empty() ? Failed(digest, v1::Failure::CRASH, end)
                          : Failed(digest, v1::Failure::INFRASTRUCTURE, end + ", " + reason);
  }

  static std::string Describe(const std::optional<int>& wait_status) {
    return wait_status.has_value() ? DescribeEnd(*wait_status)
                                   : "closed its connection, was killed and has not ended";
  }

  // Ends the child, if there is one, or leaves it behind if it does not end.
  void EndChild() {
    if (child_ == nullptr) return;
    if (!child_->End().has_value()) {
      left_behind_ = child_->process();
      spdlog::warn("process {} was killed and has not ended: it is left behind", *left_behind_);
    }
    child_.reset();
  }

  const EvaluationProcessOptions options_;
  std::optional<v1::Hello> hello_;  // that of the first child
  std::unique_ptr<Child> child_;
  std::optional<pid_t> left_behind_;  // killed, but not ended when it was last waited for
};

}  // namespace

absl::StatusOr<std::unique_ptr<WorkRunner>> StartEvaluationProcess(
    const EvaluationProcessOptions& options) {
  auto runner = std::make_unique<ProcessRunner>(options);
  STRATA_RETURN_IF_ERROR(runner->Open(options.drain));
  return runner;
}

}  // namespace strata::workers
