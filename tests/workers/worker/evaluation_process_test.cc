#include "workers/worker/evaluation_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "proto/strata.pb.h"
#include "tests/support/temporary_folder.h"
#include "tests/workers/coordinator/fake_session.h"
#include "tests/workers/small_search.h"
#include "workers/wire/work_codec.h"
#include "workers/worker/worker.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

EvaluationProcessOptions Options(const std::string& fault = "", int ordinal = 0) {
  EvaluationProcessOptions options;
  options.command = {SYNTHETIC_CHILD};
  if (!fault.empty())
    options.command.insert(options.command.end(), {fault, std::to_string(ordinal)});
  options.limits.hang_seconds = 0;
  return options;
}

v1::WorkItem ItemOf(int64_t number, int units = kSmallBlocks) {
  MeasurementPlan plan;
  plan.search = {.windows = 2, .window_tokens = 16};
  return EncodeWorkItem(MakeFakeItem(number, units), plan);
}

// The failure of one work item of a child that misbehaves from the start.
v1::Failure FailureOf(const std::string& fault, const EvaluationLimits& limits = {}) {
  EvaluationProcessOptions options = Options(fault);
  options.limits = limits;
  auto runner = StartEvaluationProcess(options);
  if (!runner.ok()) throw std::runtime_error(std::string(runner.status().message()));
  const v1::Result result = (*runner)->Run(ItemOf(0), nullptr);
  EXPECT_EQ(result.digest(), ItemOf(0).digest());
  EXPECT_TRUE(result.has_failure());
  // No child is left behind.
  runner->reset();
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  return result.failure();
}

TEST(EvaluationProcessTest, MeasuresWhatTheEvaluatorInThisProcessMeasures) {
  const auto runner = StartEvaluationProcess(Options()).value();
  const auto evaluator = SmallEvaluator();
  const auto here = MakeWorkRunner(evaluator.get());
  EXPECT_EQ(runner->hello().SerializeAsString(), here->hello().SerializeAsString());
  for (int64_t number = 0; number < 3; ++number) {
    const v1::WorkItem item = ItemOf(number);
    EXPECT_EQ(runner->Run(item, nullptr).SerializeAsString(),
              here->Run(item, nullptr).SerializeAsString());
  }
  const v1::Result refused = runner->Run(ItemOf(0, 2), nullptr);
  EXPECT_EQ(refused.failure().kind(), v1::Failure::INVALID_WORK);
}

TEST(EvaluationProcessTest, ACrashIsReportedAndTheNextWorkItemHasANewProcess) {
  const auto runner = StartEvaluationProcess(Options("crash", 1)).value();
  EXPECT_TRUE(runner->Run(ItemOf(0), nullptr).has_evaluate());
  const v1::Result crashed = runner->Run(ItemOf(1), nullptr);
  EXPECT_EQ(crashed.failure().kind(), v1::Failure::CRASH);
  // Sanitizers turn the signal into an exit status.
  EXPECT_THAT(crashed.failure().message(),
              testing::AnyOf(HasSubstr("signal 11"), HasSubstr("exit")));
  EXPECT_TRUE(runner->Run(ItemOf(2), nullptr).has_evaluate());
}

TEST(EvaluationProcessTest, EveryEndHasItsKind) {
  EXPECT_EQ(FailureOf("exit").kind(), v1::Failure::CRASH);
  EXPECT_THAT(FailureOf("exit").message(), HasSubstr("ended with exit status 7"));
  EXPECT_EQ(FailureOf("garble").kind(), v1::Failure::CRASH);
  EXPECT_THAT(FailureOf("garble").message(), HasSubstr("found 4294967295"));
  EXPECT_EQ(FailureOf("killed").kind(), v1::Failure::INFRASTRUCTURE);
  EXPECT_EQ(FailureOf("bus").kind(), v1::Failure::INFRASTRUCTURE);
  EXPECT_THAT(FailureOf("bus").message(), HasSubstr("a mapped file could not be read"));
}

// A process that waits for a disk that does not answer cannot be killed. Here the signal is one
// that the process survives.
TEST(EvaluationProcessTest, AProcessThatDoesNotEndIsLeftBehindAndNoOtherIsStartedUntilItEnds) {
  EvaluationProcessOptions options = Options("hang", 1);
  options.limits.item_seconds = 0.1;
  options.limits.death_seconds = 0.1;
  options.limits.kill_signal = SIGURG;
  auto runner = StartEvaluationProcess(options).value();
  EXPECT_TRUE(runner->Run(ItemOf(0), nullptr).has_evaluate());
  EXPECT_EQ(runner->Run(ItemOf(1), nullptr).failure().kind(), v1::Failure::TIME_LIMIT);
  const v1::Failure waits = runner->Run(ItemOf(2), nullptr).failure();
  EXPECT_EQ(waits.kind(), v1::Failure::INFRASTRUCTURE);
  EXPECT_THAT(waits.message(), HasSubstr("was killed and has not ended"));
  pid_t process = 0;
  ASSERT_EQ(sscanf(waits.message().c_str(), "%*[^0-9]%d", &process), 1) << waits.message();
  ASSERT_EQ(kill(process, SIGKILL), 0);
  ASSERT_EQ(waitpid(process, nullptr, 0), process);
  EXPECT_TRUE(runner->Run(ItemOf(2), nullptr).has_evaluate());
  runner.reset();  // the process ends by itself, because its socket is closed
  while (waitpid(-1, nullptr, 0) > 0) {
  }
}

TEST(EvaluationProcessTest, WhatTakesTooLongIsKilled) {
  const v1::Failure late = FailureOf("hang", {.item_seconds = 0.1, .hang_seconds = 0});
  EXPECT_EQ(late.kind(), v1::Failure::TIME_LIMIT);
  EXPECT_THAT(late.message(), HasSubstr("more than the 0.1 s allowed"));
}

TEST(EvaluationProcessTest, WhatDoesNotMoveIsKilledAndWhatMovesIsNot) {
  EvaluationProcessOptions options = Options("hang", 0);
  options.limits.hang_seconds = 2;  // the process must start within it
  const auto runner = StartEvaluationProcess(options).value();
  const v1::Result result = runner->Run(ItemOf(0), nullptr);
  EXPECT_EQ(result.failure().kind(), v1::Failure::TIME_LIMIT);
  EXPECT_THAT(result.failure().message(), HasSubstr("did not move for 2 s"));
}

TEST(EvaluationProcessTest, EveryStepBeginsTheTimeForTheNextAnew) {
  EvaluationProcessOptions options = Options("slow");
  options.limits.hang_seconds = 2;  // the steps take longer in all
  const auto runner = StartEvaluationProcess(options).value();
  EXPECT_TRUE(runner->Run(ItemOf(0), nullptr).has_evaluate());
}

TEST(EvaluationProcessTest, WhatOnlyWaitsIsEndedAndNotBlamed) {
  EvaluationProcessOptions options = Options("endless");
  options.limits.hang_seconds = 2;
  const auto runner = StartEvaluationProcess(options).value();
  const v1::Failure failure = runner->Run(ItemOf(0), nullptr).failure();
  EXPECT_EQ(failure.kind(), v1::Failure::INFRASTRUCTURE);
  EXPECT_THAT(failure.message(), HasSubstr("it waited for 2 s"));
}

TEST(EvaluationProcessTest, WhatTakesTooMuchMemoryIsKilled) {
  const v1::Failure large = FailureOf("allocate", {.hang_seconds = 0, .memory_bytes = 256 << 20});
  EXPECT_EQ(large.kind(), v1::Failure::MEMORY_LIMIT);
  EXPECT_THAT(large.message(), HasSubstr("more than the 0.25 GiB of memory allowed"));
}

TEST(EvaluationProcessTest, AStopIsPassedOnAndTheProcessLives) {
  EvaluationProcessOptions options = Options("endless");
  options.limits.stop_seconds = 60;
  const auto runner = StartEvaluationProcess(options).value();
  double seen = -1;
  const v1::Result result = runner->Run(ItemOf(0), [&seen](double fraction) {
    seen = fraction;
    return fraction < 0.5;
  });
  EXPECT_EQ(seen, 0.5);
  EXPECT_EQ(result.failure().kind(), v1::Failure::EVALUATION);
  EXPECT_THAT(result.failure().message(), HasSubstr("stopped by the caller"));
}

TEST(EvaluationProcessTest, WhoDoesNotStopIsKilled) {
  EvaluationProcessOptions options = Options("hang");
  options.limits.stop_seconds = 0.1;
  const auto runner = StartEvaluationProcess(options).value();
  const v1::Result result = runner->Run(ItemOf(0), [](double) { return false; });
  EXPECT_THAT(result.failure().message(), HasSubstr("no longer wanted"));
}

TEST(EvaluationProcessTest, ErrorsOfTheStart) {
  const absl::Status refused = StartEvaluationProcess(Options("refuse")).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(refused.message(), "no such model");
  EvaluationProcessOptions deaf = Options("deaf");
  deaf.limits.hang_seconds = 0.1;
  EXPECT_EQ(StartEvaluationProcess(deaf).status().code(), absl::StatusCode::kDeadlineExceeded);
  const std::atomic<bool> drain = true;
  deaf.limits.hang_seconds = 0;
  deaf.drain = &drain;
  EXPECT_EQ(StartEvaluationProcess(deaf).status().code(), absl::StatusCode::kCancelled);
  EvaluationProcessOptions wrong;
  wrong.command = {"/bin/false"};
  const absl::Status ended = StartEvaluationProcess(wrong).status();
  EXPECT_EQ(ended.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(ended.message()), HasSubstr("exit status 1 before it was ready"));
  wrong.command = {"/no/such/program"};
  EXPECT_THAT(std::string(StartEvaluationProcess(wrong).status().message()),
              HasSubstr("No such file"));
}

// The whole way: a worker that lives through what its evaluations do, and a coordinator that counts
// it and gives up the work item that does it everywhere.
TEST(EvaluationProcessTest, AWorkerSurvivesItsEvaluations) {
  TemporaryFolder folder;
  const std::string address = "unix:" + (folder / "s");
  FakeSession session(8, kSmallBlocks);
  auto coordinator = Coordinator::Start(SmallCoordinatorOptions(address), &session).value();
  std::thread worker([&] {
    const auto runner = StartEvaluationProcess(Options("crash", 3)).value();
    const absl::Status status = RunWorker({.address = address, .name = "w"}, runner.get(), nullptr);
    EXPECT_TRUE(status.ok()) << status;
  });
  CoordinatorStatus last;
  const absl::Status status = coordinator->Run([&last](const CoordinatorStatus& now) {
    last = now;
    return false;
  });
  worker.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(session.outcomes.size(), 8u);
  for (const auto& [digest, outcome] : session.outcomes) {
    EXPECT_TRUE(std::holds_alternative<search::EvaluateOutcome>(outcome)) << digest;
  }
  // Three succeed in each process before the fourth crashes it and is tried again in the next.
  EXPECT_EQ(last.failures.crash, 2);
  EXPECT_EQ(last.failures.lost_worker, 0);
  EXPECT_EQ(last.failed_items, 0);
  ASSERT_EQ(last.workers.size(), 1u);
  EXPECT_EQ(last.workers[0].name, "w");
  EXPECT_EQ(last.workers[0].results, 8);
}

}  // namespace
}  // namespace strata::workers
