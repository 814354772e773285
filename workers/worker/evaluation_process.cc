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

bool IsFromOutside(int wait_status) {
  if (!WIFSIGNALED(wait_status)) return false;
  const int number = WTERMSIG(wait_status);
  return number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP;
}

// One child, from its start to its end.
class Child {
 public:
  static absl::StatusOr<std::unique_ptr<Child>> Start(const std::vector<std::string>& command) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
      return absl::UnavailableError(
          fmt::format("cannot make a pair of sockets: {}", std::strerror(errno)));
    }
    const absl::StatusOr<pid_t> process = StartChildProcess(
        {.command = command, .descriptors = {{sockets[1], kChildSocket}}, .death_signal = SIGKILL});
    close(sockets[1]);
    if (process.ok()) return std::make_unique<Child>(*process, sockets[0]);
    close(sockets[0]);
    return process.status();
  }

  Child(pid_t process, int socket) : process_(process), pipe_(socket) {}
  ~Child() { End(); }

  pid_t process() const { return process_; }
  MessagePipe* pipe() { return &pipe_; }

  // Kills the child if it has not ended. Returns the status of waitpid.
  int End() {
    if (end_.has_value()) return *end_;
    kill(process_, SIGKILL);
    return Wait();
  }

  // Waits for a child that closed its socket and is therefore about to end. Returns how it ended.
  int EndByItself() {
    const double start = SteadySeconds();
    while (!end_.has_value() && SecondsSince(start) < kLastMomentsSeconds) {
      int status = 0;
      if (waitpid(process_, &status, WNOHANG) == process_) end_ = status;
      if (!end_.has_value()) usleep(1000);
    }
    return End();
  }

 private:
  static constexpr double kLastMomentsSeconds = 10;  // a core file may be written

  int Wait() {
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    end_ = status;
    return status;
  }

  const pid_t process_;
  MessagePipe pipe_;
  std::optional<int> end_;
};

class ProcessRunner : public WorkRunner {
 public:
  explicit ProcessRunner(const EvaluationProcessOptions& options) : options_(options) {}

  const v1::Hello& hello() const override { return *hello_; }

  // Starts a child. Its Hello must be the same as that of the previous child.
  absl::Status Open(const std::atomic<bool>* drain) {
    STRATA_ASSIGN_OR_RETURN(auto started, Child::Start(options_.command));
    child_ = std::move(started);
    absl::StatusOr<v1::Hello> hello = ReceiveHello(drain);
    if (!hello.ok()) {
      child_.reset();
      return hello.status();
    }
    if (hello_.has_value() && hello->SerializeAsString() != hello_->SerializeAsString()) {
      child_.reset();
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
    child_.reset();
    return Failed(item.digest(), v1::Failure::CRASH, std::string(result.status().message()));
  }

 private:
  absl::StatusOr<v1::Hello> ReceiveHello(const std::atomic<bool>* drain) {
    const double start = SteadySeconds();
    v1::FromChild message;
    while (true) {
      const absl::StatusOr<bool> read = child_->pipe()->Read(kPollSeconds, &message);
      if (!read.ok()) {
        const std::string end = DescribeEnd(child_->EndByItself());
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
    double last_step = start;
    std::optional<double> stopped_at;
    double fraction = 0;
    while (true) {
      v1::FromChild message;
      const absl::StatusOr<bool> read = child_->pipe()->Read(kPollSeconds, &message);
      if (absl::IsUnavailable(read.status())) return Buried(digest);
      if (!read.ok()) return read.status();
      if (*read) last_step = SteadySeconds();
      if (message.has_result()) return message.result();
      if (message.message_case() == v1::FromChild::kProgress) fraction = message.progress();
      // Called in every round, even without a new step, because it also says when to stop.
      if (progress && !progress(fraction) && !stopped_at.has_value()) {
        stopped_at = SteadySeconds();
        v1::ToChild order;
        order.set_stop(true);
        child_->pipe()->Write(order).IgnoreError();  // the next Read reports that it is gone
      }
      if (stopped_at.has_value() && SecondsSince(*stopped_at) > options_.limits.stop_seconds) {
        return Killed(digest, v1::Failure::INFRASTRUCTURE, "it was no longer wanted");
      }
      if (auto exceeded = CheckLimits(digest, start, last_step)) return *std::move(exceeded);
    }
  }

  std::optional<v1::Result> CheckLimits(const std::string& digest, double start, double last_step) {
    const EvaluationLimits& limits = options_.limits;
    if (limits.item_seconds > 0 && SecondsSince(start) > limits.item_seconds) {
      return Killed(digest, v1::Failure::TIME_LIMIT,
                    fmt::format("it took more than the {} s allowed", limits.item_seconds));
    }
    if (limits.hang_seconds > 0 && SecondsSince(last_step) > limits.hang_seconds) {
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
    child_.reset();
    return Failed(digest, kind, "the evaluation was killed: " + reason);
  }

  v1::Result Buried(const std::string& digest) {
    const int status = std::exchange(child_, nullptr)->EndByItself();
    const std::string end = DescribeEnd(status);
    spdlog::warn("the process that evaluated work item {} {}", digest, end);
    return IsFromOutside(status)
               ? Failed(digest, v1::Failure::INFRASTRUCTURE,
                        fmt::format("the process that evaluates {}, from outside or because the "
                                    "machine's memory ran out",
                                    end))
               : Failed(digest, v1::Failure::CRASH,
                        fmt::format("the process that evaluates {}", end));
  }

  const EvaluationProcessOptions options_;
  std::optional<v1::Hello> hello_;  // that of the first child
  std::unique_ptr<Child> child_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WorkRunner>> StartEvaluationProcess(
    const EvaluationProcessOptions& options) {
  auto runner = std::make_unique<ProcessRunner>(options);
  STRATA_RETURN_IF_ERROR(runner->Open(options.drain));
  return runner;
}

}  // namespace strata::workers
