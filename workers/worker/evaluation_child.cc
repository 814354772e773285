#include "workers/worker/evaluation_child.h"

#include <signal.h>
#include <sys/socket.h>

#include <chrono>
#include <fstream>

#include "proto/child.pb.h"

namespace strata::workers {
namespace {

constexpr std::chrono::milliseconds kProgressInterval(50);
constexpr int kOutOfMemoryScore = 500;  // in the range -1000 to 1000

}  // namespace

absl::StatusOr<std::unique_ptr<EvaluationChild>> EvaluationChild::Create() {
  int type = 0;
  socklen_t size = sizeof(type);
  if (getsockopt(kChildSocket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
    return absl::FailedPreconditionError(
        "expected to be started by a worker, as the process that evaluates for it");
  }
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signal(number, SIG_IGN);
  std::ofstream("/proc/self/oom_score_adj") << kOutOfMemoryScore;
  return std::unique_ptr<EvaluationChild>(new EvaluationChild());
}

absl::Status EvaluationChild::Refuse(const absl::Status& error) {
  v1::FromChild message;
  message.mutable_open_error()->set_code(static_cast<int>(error.code()));
  message.mutable_open_error()->set_message(std::string(error.message()));
  pipe_.Write(message).IgnoreError();
  return error;
}

absl::Status EvaluationChild::Serve(WorkRunner* runner) {
  v1::FromChild answer;
  *answer.mutable_hello() = runner->hello();
  while (pipe_.Write(answer).ok()) {
    v1::ToChild message;
    const absl::StatusOr<bool> read = pipe_.Read(-1, &message);
    if (absl::IsUnavailable(read.status())) break;
    if (!read.ok()) return read.status();
    // A stop that crossed the result of its work item comes too late: skip it.
    while (!message.has_item()) {
      const absl::StatusOr<bool> next = pipe_.Read(-1, &message);
      if (absl::IsUnavailable(next.status())) return absl::OkStatus();
      if (!next.ok()) return next.status();
    }
    *answer.mutable_result() = Run(message.item(), runner);
  }
  return absl::OkStatus();
}

v1::Result EvaluationChild::Run(const v1::WorkItem& item, WorkRunner* runner) {
  auto next_progress = std::chrono::steady_clock::now();
  bool stopped = false;
  return runner->Run(item, [&](double fraction) {
    if (stopped || std::chrono::steady_clock::now() < next_progress) return !stopped;
    next_progress = std::chrono::steady_clock::now() + kProgressInterval;
    v1::FromChild progress;
    progress.set_progress(fraction);
    v1::ToChild order;
    const bool is_written = pipe_.Write(progress).ok();
    const absl::StatusOr<bool> ordered = pipe_.Read(0, &order);
    stopped = !is_written || !ordered.ok() || (*ordered && order.stop());
    return !stopped;
  });
}

}  // namespace strata::workers
