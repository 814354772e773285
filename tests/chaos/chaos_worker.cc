// A worker of a chaos run: chaos_worker ADDRESS NAME, with the synthetic evaluator in a child
// process that takes some milliseconds for an evaluation, and now and then much longer.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "tests/workers/small_search.h"
#include "workers/worker/evaluation_child.h"
#include "workers/worker/evaluation_process.h"
#include "workers/worker/worker.h"

namespace strata::workers {
namespace {

constexpr int kMostMicroseconds = 20'000;
constexpr int kSlowOnes = 300;  // one in so many
constexpr int kSlowMilliseconds = 2500;
constexpr double kConnectTimeoutSeconds = 3600;

absl::Status Evaluate(const std::string& name) {
  const auto child = EvaluationChild::Create();
  if (!child.ok()) return child.status();
  std::minstd_rand random(static_cast<unsigned>(std::hash<std::string>()(name)));
  const auto evaluator = SmallEvaluator([&random](int64_t) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % kMostMicroseconds));
    if (random() % kSlowOnes == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kSlowMilliseconds));
    }
    return absl::OkStatus();
  });
  return (*child)->Serve(MakeWorkRunner(evaluator.get()).get());
}

absl::Status Work(const std::string& program, const std::string& address, const std::string& name) {
  EvaluationProcessOptions process;
  process.command = {program, address, name, "evaluate"};
  const auto runner = StartEvaluationProcess(process);
  if (!runner.ok()) return runner.status();
  return RunWorker(
      {.address = address, .name = name, .connect_timeout_seconds = kConnectTimeoutSeconds},
      runner->get(), nullptr);
}

}  // namespace
}  // namespace strata::workers

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const absl::Status status = argc == 3 ? strata::workers::Work(argv[0], argv[1], argv[2])
                                        : strata::workers::Evaluate(argv[2]);
  if (!status.ok()) fmt::print(stderr, "{}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}
