#include "workers/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_session.h"
#include "small_search.h"
#include "workers/handshake.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

class RecordingStreams : public WorkerStreams {
 public:
  void Send(WorkerId stream, const v1::DesiredState& desired) override {
    sent[stream].push_back(desired);
  }
  void Close(WorkerId stream) override { closed.insert(stream); }

  std::map<WorkerId, std::vector<v1::DesiredState>> sent;
  std::set<WorkerId> closed;
};

// Workers are written as numbers; each speaks by a stream of the same number.
class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() : evaluator_(SmallEvaluator(nullptr, kFakeUnits)) {
    options_.address = "unix:/somewhere";
    options_.model_digest = evaluator_->model().digest;
    options_.text_digest = evaluator_->text_digest();
    options_.plan.search = {.windows = 2, .window_tokens = 16};
    options_.lease_seconds = 30;
    options_.no_worker_seconds = 60;
    options_.maximum_crashes_per_task = 3;
    options_.now_seconds = [this] { return now_; };
  }

  void Begin(int64_t tasks) {
    session_ = std::make_unique<FakeSession>(tasks);
    dispatcher_ = std::make_unique<Dispatcher>(options_, session_.get(), &streams_);
  }

  void Join(WorkerId worker, const std::string& lease_id = "") {
    v1::WorkerState state;
    *state.mutable_hello() = MakeHello(fmt::format("worker-{}", worker), *evaluator_);
    state.set_lease_id(lease_id);
    EXPECT_TRUE(dispatcher_->Receive(worker, state).ok());
  }

  absl::Status Heartbeat(WorkerId worker, const std::string& lease_id, bool draining = false) {
    v1::WorkerState state;
    state.set_lease_id(lease_id);
    state.set_draining(draining);
    return dispatcher_->Receive(worker, state);
  }

  absl::Status Deliver(WorkerId worker, const std::string& lease_id, v1::Result result) {
    v1::WorkerState state;
    state.set_lease_id(lease_id);
    *state.mutable_result() = std::move(result);
    return dispatcher_->Receive(worker, state);
  }

  static v1::Result Measured(const std::string& digest, double nll = 3.5) {
    evaluator::Measurement measurement;
    measurement.window_nll = {nll, nll};
    measurement.mean_nll = nll;
    measurement.tokens = 2 * 15;
    measurement.achieved_sparsity = 0.5;
    measurement.seconds = {.prune = 1, .forward = 2, .loss = 4};
    return EncodeResult(digest, measurement);
  }

  static std::string Digest(int64_t number) { return MakeFakeTask(number).digest; }
  const v1::DesiredState& Last(WorkerId worker) { return streams_.sent[worker].back(); }
  std::string LeaseOf(WorkerId worker) { return Last(worker).lease_id(); }
  std::string FailureOf(int64_t number) {
    return std::get<search::FailedOutcome>(session_->outcomes.at(Digest(number))).reason;
  }

  double now_ = 1000;
  CoordinatorOptions options_;
  std::unique_ptr<evaluator::Evaluator> evaluator_;
  std::unique_ptr<FakeSession> session_;
  RecordingStreams streams_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, AWholeRunWithOneWorker) {
  Begin(2);
  Join(1);
  EXPECT_EQ(Last(1).task().digest(), Digest(0));
  EXPECT_EQ(Last(1).heartbeat_seconds(), options_.heartbeat_seconds);
  const std::string first = LeaseOf(1);
  EXPECT_TRUE(Heartbeat(1, "").ok());  // asks again: the same task, whole
  EXPECT_EQ(LeaseOf(1), first);
  EXPECT_TRUE(Last(1).has_task());
  EXPECT_TRUE(Heartbeat(1, first).ok());  // has it: not sent again
  EXPECT_FALSE(Last(1).has_task());
  EXPECT_TRUE(Deliver(1, first, Measured(Digest(0))).ok());
  EXPECT_EQ(Last(1).acknowledged_lease_id(), first);
  EXPECT_EQ(Last(1).task().digest(), Digest(1));
  EXPECT_FALSE(dispatcher_->done());
  EXPECT_TRUE(Deliver(1, LeaseOf(1), Measured(Digest(1))).ok());
  EXPECT_TRUE(dispatcher_->done());
  EXPECT_EQ(LeaseOf(1), "");
  EXPECT_EQ(session_->outcomes.size(), 2u);
  EXPECT_EQ(dispatcher_->status().evaluations, 2);
  EXPECT_EQ(dispatcher_->status().total_stage_seconds.loss, 8);
  dispatcher_->ShutDown();
  EXPECT_TRUE(Last(1).shut_down());
  EXPECT_TRUE(streams_.closed.contains(1));
}

TEST_F(DispatcherTest, WorkersThatDifferOrDoNotIntroduceThemselvesAreRefused) {
  Begin(1);
  v1::WorkerState state;
  *state.mutable_hello() = MakeHello("w", *evaluator_);
  state.mutable_hello()->set_model_digest("another");
  EXPECT_TRUE(dispatcher_->Receive(1, state).ok());
  EXPECT_THAT(Last(1).refusal(), HasSubstr("found another"));
  EXPECT_TRUE(streams_.closed.contains(1));
  EXPECT_TRUE(Deliver(2, "1-x", Measured(Digest(0))).ok());
  EXPECT_THAT(Last(2).refusal(), HasSubstr("expected a Hello"));
  EXPECT_TRUE(session_->outcomes.empty());
  EXPECT_EQ(dispatcher_->status().connected_workers, 0);
}

TEST_F(DispatcherTest, ASecondStreamOfAWorkerReplacesTheFirst) {
  Begin(1);
  Join(1);
  const std::string lease = LeaseOf(1);
  v1::WorkerState state;
  *state.mutable_hello() = MakeHello("worker-1", *evaluator_);
  state.set_lease_id(lease);
  EXPECT_TRUE(dispatcher_->Receive(2, state).ok());
  EXPECT_TRUE(streams_.closed.contains(1));
  EXPECT_THAT(Last(1).refusal(), HasSubstr("worker name"));
  EXPECT_EQ(LeaseOf(2), lease);
  EXPECT_TRUE(dispatcher_->StreamClosed(1).ok());
  EXPECT_EQ(dispatcher_->status().connected_workers, 1);
  EXPECT_EQ(dispatcher_->status().leased_tasks, 1);
}

TEST_F(DispatcherTest, SilenceHandsTheTaskOnAndTheLateResultCounts) {
  Begin(1);
  Join(1);
  Join(2);
  const std::string first = LeaseOf(1);
  now_ += 29;
  EXPECT_TRUE(Heartbeat(2, "").ok());
  EXPECT_EQ(LeaseOf(2), "");
  now_ += 1;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  // Either may be given it; the other is told to stop and delivers late.
  const WorkerId now_has_it = LeaseOf(2).empty() ? 1 : 2;
  const std::string second = LeaseOf(now_has_it);
  EXPECT_NE(second, first);
  EXPECT_EQ(dispatcher_->status().reissued_tasks, 1);
  const WorkerId late = 3 - now_has_it;
  EXPECT_TRUE(Deliver(late, first, Measured(Digest(0), 3.25)).ok());
  EXPECT_EQ(Last(late).acknowledged_lease_id(), first);
  EXPECT_EQ(LeaseOf(now_has_it), "");
  EXPECT_TRUE(dispatcher_->done());
  // And the other one's, later still, is absorbed.
  EXPECT_TRUE(Deliver(now_has_it, second, Measured(Digest(0), 9.0)).ok());
  EXPECT_EQ(Last(now_has_it).acknowledged_lease_id(), second);
  EXPECT_EQ(dispatcher_->status().absorbed_results, 1);
  EXPECT_EQ(std::get<search::EvaluateOutcome>(session_->outcomes.at(Digest(0))).mean_nll, 3.25);
}

TEST_F(DispatcherTest, DuplicateAndUnknownResultsAreAcknowledgedAndIgnored) {
  Begin(2);
  Join(1);
  const std::string first = LeaseOf(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Deliver(1, first, Measured(Digest(0))).ok());
    EXPECT_EQ(Last(1).acknowledged_lease_id(), first);
  }
  EXPECT_TRUE(Deliver(1, "77-never-heard-of", Measured("never-heard-of")).ok());
  EXPECT_EQ(Last(1).acknowledged_lease_id(), "77-never-heard-of");
  EXPECT_EQ(dispatcher_->status().absorbed_results, 3);
  EXPECT_EQ(session_->outcomes.size(), 1u);
}

TEST_F(DispatcherTest, ATaskThatCrashesWorkersIsQuarantined) {
  Begin(2);
  for (WorkerId worker = 1; worker <= 3; ++worker) {
    Join(worker);
    EXPECT_EQ(Last(worker).task().digest(), Digest(0));
    EXPECT_TRUE(dispatcher_->StreamClosed(worker).ok());
  }
  EXPECT_THAT(FailureOf(0), HasSubstr("crashed 3 workers"));
  Join(4);
  EXPECT_EQ(Last(4).task().digest(), Digest(1));
  EXPECT_EQ(dispatcher_->status().failed_tasks, 1);
}

TEST_F(DispatcherTest, AWorkerThatComesBackGoesOnWithItsTask) {
  Begin(2);
  for (WorkerId stream = 1; stream <= 5; ++stream) {  // breaks more often than crashes are allowed
    Join(stream, stream == 1 ? "" : LeaseOf(1));
    EXPECT_EQ(LeaseOf(stream), LeaseOf(1));
    EXPECT_TRUE(dispatcher_->StreamClosed(stream).ok());
  }
  Join(6);
  EXPECT_TRUE(Deliver(6, LeaseOf(1), Measured(Digest(0))).ok());
  EXPECT_EQ(session_->outcomes.size(), 1u);
  EXPECT_EQ(dispatcher_->status().failed_tasks, 0);
}

TEST_F(DispatcherTest, ADrainingWorkerGetsNothingMoreAndLeavesWithoutBlame) {
  options_.maximum_crashes_per_task = 1;
  Begin(2);
  Join(1);
  const std::string lease = LeaseOf(1);
  EXPECT_TRUE(Heartbeat(1, "", /*draining=*/true).ok());  // it never saw the lease
  EXPECT_TRUE(dispatcher_->StreamClosed(1).ok());
  EXPECT_TRUE(session_->outcomes.empty());
  Join(2);
  EXPECT_EQ(Last(2).task().digest(), Digest(0));
  v1::WorkerState state;
  state.set_lease_id(LeaseOf(2));
  state.set_draining(true);
  *state.mutable_result() = Measured(Digest(0));
  EXPECT_TRUE(dispatcher_->Receive(2, state).ok());
  EXPECT_EQ(LeaseOf(2), "");
  EXPECT_FALSE(dispatcher_->done());
}

TEST_F(DispatcherTest, EvaluationFailuresAreRetriedOnceThenRecorded) {
  Begin(1);
  Join(1);
  EXPECT_TRUE(Deliver(1, LeaseOf(1), EncodeFailure(Digest(0), absl::InternalError("first"))).ok());
  EXPECT_TRUE(session_->outcomes.empty());
  EXPECT_EQ(Last(1).task().digest(), Digest(0));
  EXPECT_TRUE(Deliver(1, LeaseOf(1), EncodeFailure(Digest(0), absl::InternalError("second"))).ok());
  EXPECT_EQ(FailureOf(0), "second");
}

// One of two workers fails whatever it is given: no task may be lost by that.
TEST_F(DispatcherTest, ABrokenWorkerFailsNoTaskAndIsDismissed) {
  Begin(20);
  Join(1);
  Join(2);
  int failures = 0;
  while (!streams_.closed.contains(1)) {
    ASSERT_LT(failures, 20);
    ++failures;
    ASSERT_TRUE(
        Deliver(1, LeaseOf(1), EncodeFailure(Last(1).task().digest(), absl::InternalError("boom")))
            .ok());
    if (failures % 3 != 0) continue;
    ASSERT_TRUE(Deliver(2, LeaseOf(2), Measured(Last(2).task().digest())).ok());
  }
  EXPECT_EQ(failures, 10);
  EXPECT_THAT(Last(1).refusal(), HasSubstr("failed 10 evaluations in a row"));
  v1::WorkerState again;  // the broken one by a new stream
  *again.mutable_hello() = MakeHello("worker-1", *evaluator_);
  EXPECT_TRUE(dispatcher_->Receive(4, again).ok());
  EXPECT_THAT(Last(4).refusal(), HasSubstr("failed 10 evaluations in a row"));
  EXPECT_TRUE(dispatcher_->StreamClosed(1).ok());
  for (int i = 0; i < 20 && !dispatcher_->done(); ++i) {
    ASSERT_TRUE(Deliver(2, LeaseOf(2), Measured(Last(2).task().digest())).ok());
  }
  EXPECT_EQ(session_->outcomes.size(), 20u);
  EXPECT_EQ(dispatcher_->status().failed_tasks, 0);
}

TEST_F(DispatcherTest, AWorkerIsNotDismissedWhileNoOtherSucceeds) {
  Begin(20);
  Join(1);
  Join(2);
  for (int round = 0; round < 20; ++round) {
    for (const WorkerId worker : {1, 2}) {
      if (LeaseOf(worker).empty()) continue;
      ASSERT_TRUE(Deliver(worker, LeaseOf(worker),
                          EncodeFailure(Last(worker).task().digest(), absl::InternalError("boom")))
                      .ok());
    }
  }
  EXPECT_TRUE(dispatcher_->done());
  EXPECT_TRUE(streams_.closed.empty());
  EXPECT_EQ(dispatcher_->status().failed_tasks, 20);
}

TEST_F(DispatcherTest, ASilentWorkerHoldsBackNoTask) {
  Begin(1);
  Join(1);
  Join(2);
  EXPECT_TRUE(Deliver(1, LeaseOf(1), EncodeFailure(Digest(0), absl::InternalError("first"))).ok());
  EXPECT_EQ(LeaseOf(1), "");
  EXPECT_EQ(Last(2).task().digest(), Digest(0));
  now_ += 30;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_EQ(LeaseOf(2), "");
  EXPECT_EQ(Last(1).task().digest(), Digest(0));
}

TEST_F(DispatcherTest, OversizedNamesAreRefused) {
  Begin(1);
  Join(1);
  EXPECT_TRUE(Heartbeat(1, std::string(257, 'x')).ok());
  EXPECT_THAT(Last(1).refusal(), HasSubstr("lease_id: expected at most 256 bytes, found 257"));
  Join(2);
  EXPECT_EQ(Last(2).task().digest(), Digest(0));
  EXPECT_TRUE(Deliver(2, LeaseOf(2), Measured(std::string(300, 'x'))).ok());
  EXPECT_THAT(Last(2).refusal(), HasSubstr("result.digest: expected at most 256 bytes"));
  EXPECT_EQ(dispatcher_->status().connected_workers, 0);
}

TEST_F(DispatcherTest, AnInvalidTaskIsRecordedAtOnce) {
  Begin(1);
  Join(1);
  EXPECT_TRUE(
      Deliver(1, LeaseOf(1), EncodeFailure(Digest(0), absl::InvalidArgumentError("bad"))).ok());
  EXPECT_EQ(FailureOf(0), "bad");
}

TEST_F(DispatcherTest, AnImpossibleResultCountsAsAFailedEvaluation) {
  Begin(1);
  Join(1);
  v1::Result result = Measured(Digest(0));
  result.mutable_evaluate()->set_achieved_sparsity(2);
  EXPECT_TRUE(Deliver(1, LeaseOf(1), result).ok());
  EXPECT_TRUE(Deliver(1, LeaseOf(1), result).ok());
  EXPECT_THAT(FailureOf(0), HasSubstr("achieved_sparsity"));
}

TEST_F(DispatcherTest, AWorkerWithInfrastructureFailuresPausesAndTheRunGivesUpAtLast) {
  Begin(1);
  Join(1);
  absl::Status status;
  int attempts = 0;
  while (status.ok() && attempts < 100) {
    ++attempts;
    status = Deliver(1, LeaseOf(1), EncodeFailure(Digest(0), absl::UnavailableError("no memory")));
    if (!status.ok()) break;
    EXPECT_EQ(LeaseOf(1), "");
    now_ += 0.9;
    EXPECT_TRUE(dispatcher_->Tick().ok());
    EXPECT_EQ(LeaseOf(1), "");
    now_ += 30;
    EXPECT_TRUE(dispatcher_->Tick().ok());
    EXPECT_EQ(Last(1).task().digest(), Digest(0));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no memory"));
  EXPECT_EQ(attempts, 10);
  EXPECT_TRUE(session_->outcomes.empty());
}

TEST_F(DispatcherTest, WithoutWorkersPatienceEnds) {
  Begin(1);
  EXPECT_TRUE(dispatcher_->Tick().ok());
  now_ += 59;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  Join(1);
  now_ += 500;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_TRUE(dispatcher_->StreamClosed(1).ok());
  now_ += 59;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  now_ += 1;
  const absl::Status status = dispatcher_->Tick();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("unix:/somewhere"));
}

TEST_F(DispatcherTest, AFinishedSearchNeedsNoWorker) {
  Begin(0);
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_TRUE(dispatcher_->done());
}

TEST_F(DispatcherTest, ErrorsOfTheSessionEndTheRun) {
  Begin(2);
  Join(1);
  session_->complete_error = absl::ResourceExhaustedError("disk full");
  EXPECT_EQ(Deliver(1, LeaseOf(1), Measured(Digest(0))).code(),
            absl::StatusCode::kResourceExhausted);
  session_->complete_error = absl::OkStatus();
  session_->next_error = absl::ResourceExhaustedError("disk full");
  EXPECT_EQ(dispatcher_->Tick().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(DispatcherTest, ThoseWhoComeAfterTheEndAreSentHome) {
  Begin(1);
  dispatcher_->ShutDown();
  Join(1);
  EXPECT_TRUE(Last(1).shut_down());
  EXPECT_TRUE(streams_.closed.contains(1));
}

}  // namespace
}  // namespace strata::workers
