// The process that evaluates for a worker, with the synthetic evaluator:
//   synthetic_child [FAULT ORDINAL]
// does something bad at its operation of that ordinal: hang, crash, exit, allocate, garble, killed,
// bus; or endless, which reports the same progress until it is told to stop; or slow, which reports
// many steps within about four seconds. FAULT deaf says nothing at all.
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "proto/strata.pb.h"
#include "tests/workers/small_search.h"
#include "workers/worker/evaluation_child.h"

namespace strata::workers {
namespace {

// A bound, should nobody end it.
constexpr size_t kMostMebibytes = 4096;

[[noreturn]] void Wait() {
  while (true) pause();
}

void Allocate() {
  std::vector<std::vector<char>> kept;
  while (kept.size() < kMostMebibytes) kept.emplace_back(1 << 20, 'x');
  Wait();
}

void Misbehave(const std::string& fault) {
  if (fault == "hang") Wait();
  if (fault == "crash") raise(SIGSEGV);
  if (fault == "exit") _exit(7);
  if (fault == "killed") raise(SIGKILL);
  if (fault == "bus") {
    signal(SIGBUS, SIG_DFL);  // sanitizers handle it
    raise(SIGBUS);
  }
  if (fault == "allocate") Allocate();
  if (fault == "garble") send(kChildSocket, "\xff\xff\xff\xff", 4, 0);
}

// Reports 61 steps, then does the work item.
class SlowRunner : public WorkRunner {
 public:
  explicit SlowRunner(WorkRunner* runner) : runner_(runner) {}
  const v1::Hello& hello() const override { return runner_->hello(); }
  v1::Result Run(const v1::WorkItem& item, const evaluator::Progress& progress) override {
    for (int step = 0; step <= 60; ++step) {
      progress(step / 61.0);
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
    }
    return runner_->Run(item, progress);
  }

 private:
  WorkRunner* const runner_;
};

class EndlessRunner : public WorkRunner {
 public:
  explicit EndlessRunner(WorkRunner* runner) : runner_(runner) {}
  const v1::Hello& hello() const override { return runner_->hello(); }
  v1::Result Run(const v1::WorkItem& item, const evaluator::Progress& progress) override {
    while (progress(0.5)) std::this_thread::yield();
    return runner_->Run(item, [](double) { return false; });
  }

 private:
  WorkRunner* const runner_;
};

absl::Status Serve(const std::string& fault, int64_t ordinal_of_fault) {
  if (fault == "deaf") Wait();
  const auto child = EvaluationChild::Create();
  if (!child.ok()) return child.status();
  if (fault == "refuse") return (*child)->Refuse(absl::NotFoundError("no such model"));
  const auto evaluator = SmallEvaluator([&](int64_t ordinal) {
    if (ordinal == ordinal_of_fault) Misbehave(fault);
    return absl::OkStatus();
  });
  const auto runner = MakeWorkRunner(evaluator.get());
  EndlessRunner endless(runner.get());
  if (fault == "endless") return (*child)->Serve(&endless);
  SlowRunner slow(runner.get());
  return (*child)->Serve(fault == "slow" ? &slow : runner.get());
}

}  // namespace
}  // namespace strata::workers

int main(int argc, char** argv) {
  const absl::Status status =
      strata::workers::Serve(argc > 1 ? argv[1] : "", argc > 2 ? std::stoll(argv[2]) : -1);
  if (!status.ok()) fmt::print(stderr, "{}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}
