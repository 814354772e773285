#include "workers/coordinator/dispatcher.h"

#include <gmock/gmock.h>

#include "tests/workers/coordinator/dispatcher_fixture.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

TEST_F(DispatcherTest, AWholeRunWithOneWorker) {
  Begin(2);
  Join(1);
  EXPECT_EQ(Last(1).item().digest(), Digest(0));
  EXPECT_EQ(Last(1).heartbeat_seconds(), options_.heartbeat_seconds);
  const std::string first = LeaseOf(1);
  EXPECT_TRUE(Heartbeat(1, "").ok());  // asks again: the same work item, whole
  EXPECT_EQ(LeaseOf(1), first);
  EXPECT_TRUE(Last(1).has_item());
  EXPECT_TRUE(Heartbeat(1, first).ok());  // has it: not sent again
  EXPECT_FALSE(Last(1).has_item());
  EXPECT_TRUE(Deliver(1, first, Measured(Digest(0))).ok());
  EXPECT_EQ(Last(1).acknowledged_lease_id(), first);
  EXPECT_EQ(Last(1).item().digest(), Digest(1));
  EXPECT_FALSE(dispatcher_->done());
  EXPECT_TRUE(Deliver(1, LeaseOf(1), Measured(Digest(1))).ok());
  EXPECT_TRUE(dispatcher_->done());
  EXPECT_EQ(LeaseOf(1), "");
  EXPECT_EQ(session_->outcomes.size(), 2u);
  EXPECT_EQ(dispatcher_->status().evaluations, 2);
  EXPECT_EQ(dispatcher_->status().total_stage_seconds.loss, 8);
  EXPECT_TRUE(dispatcher_->ShutDown().ok());
  EXPECT_TRUE(Last(1).shut_down());
  EXPECT_TRUE(streams_.closed.contains(1));
}

TEST_F(DispatcherTest, WorkersThatDifferOrDoNotIntroduceThemselvesAreRefused) {
  Begin(1);
  v1::WorkerState state;
  *state.mutable_hello() = MakeHello("w", *evaluator_);
  state.mutable_hello()->set_model_digests(0, "another");
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
  EXPECT_EQ(dispatcher_->status().leased_items, 1);
}

TEST_F(DispatcherTest, SilenceHandsTheWorkItemOnAndTheLateResultCounts) {
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
  EXPECT_EQ(dispatcher_->status().reissued_items, 1);
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

TEST_F(DispatcherTest, LostWorkersQuarantineNoCandidateAndEndTheRunAtLast) {
  Begin(2);
  absl::Status status;
  WorkerId worker = 0;
  while (status.ok() && worker < 100) {
    Join(++worker);
    EXPECT_EQ(Last(worker).item().digest(), Digest(0));
    status = dispatcher_->StreamClosed(worker);
  }
  EXPECT_EQ(worker, 10);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(session_->outcomes.empty());
  EXPECT_EQ(dispatcher_->status().failed_items, 0);
  EXPECT_EQ(dispatcher_->status().failures.lost_worker, 10);
}

// The others are busy for long, so the sick worker is the first to ask for whatever waits.
TEST_F(DispatcherTest, OneSickMachineDoesNotEndTheRun) {
  Begin(100);
  Join(1);
  Join(2);
  // The lease id ends with the digest.
  const auto digest_of = [this](WorkerId worker) {
    return LeaseOf(worker).substr(LeaseOf(worker).find('-') + 1);
  };
  int failures = 0;
  for (int second = 0; second < 400; ++second) {
    now_ += 1;
    ASSERT_TRUE(Heartbeat(1, LeaseOf(1)).ok());
    ASSERT_TRUE(Heartbeat(2, LeaseOf(2)).ok());
    ASSERT_TRUE(dispatcher_->Tick().ok());
    if (!LeaseOf(1).empty()) {
      ++failures;
      ASSERT_TRUE(
          Deliver(1, LeaseOf(1), EncodeFailure(digest_of(1), absl::UnavailableError("no disk")))
              .ok());
    }
    if (second % 20 == 19) {
      ASSERT_TRUE(Deliver(2, LeaseOf(2), Measured(digest_of(2))).ok());
    }
  }
  EXPECT_EQ(failures, 4);  // three in a row, then one after the rest of 300 s
  EXPECT_EQ(session_->outcomes.size(), 20u);
  EXPECT_EQ(dispatcher_->status().failed_items, 0);
}

TEST_F(DispatcherTest, ABenchedWorkerIsWantedAgainIfNoOtherIsLeft) {
  Begin(100);
  Join(1);
  Join(2);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Deliver(1, LeaseOf(1),
                        EncodeFailure(Last(1).item().digest(), absl::UnavailableError("no disk")))
                    .ok());
    now_ += 8;
    ASSERT_TRUE(Heartbeat(1, "").ok());
    ASSERT_TRUE(Heartbeat(2, LeaseOf(2)).ok());
  }
  EXPECT_EQ(LeaseOf(1), "");
  ASSERT_TRUE(dispatcher_->StreamClosed(2).ok());
  ASSERT_TRUE(Heartbeat(1, "").ok());
  ASSERT_TRUE(dispatcher_->Tick().ok());
  EXPECT_NE(LeaseOf(1), "");
}

TEST_F(DispatcherTest, AWorkerThatComesBackGoesOnWithItsWorkItem) {
  Begin(2);
  for (WorkerId stream = 1; stream <= 12; ++stream) {  // more often than lost workers are allowed
    Join(stream, stream == 1 ? "" : LeaseOf(1));
    EXPECT_EQ(LeaseOf(stream), LeaseOf(1));
    EXPECT_TRUE(dispatcher_->StreamClosed(stream).ok());
  }
  Join(13);
  EXPECT_TRUE(Deliver(13, LeaseOf(1), Measured(Digest(0))).ok());
  EXPECT_EQ(session_->outcomes.size(), 1u);
  EXPECT_EQ(dispatcher_->status().failed_items, 0);
}

TEST_F(DispatcherTest, ADrainingWorkerGetsNothingMoreAndLeavesWithoutBlame) {
  options_.maximum_machine_faults_per_item = 1;
  Begin(2);
  Join(1);
  const std::string lease = LeaseOf(1);
  EXPECT_TRUE(Heartbeat(1, "", /*draining=*/true).ok());  // it never saw the lease
  EXPECT_TRUE(dispatcher_->StreamClosed(1).ok());
  EXPECT_TRUE(session_->outcomes.empty());
  Join(2);
  EXPECT_EQ(Last(2).item().digest(), Digest(0));
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
  EXPECT_EQ(Last(1).item().digest(), Digest(0));
  EXPECT_TRUE(Deliver(1, LeaseOf(1), EncodeFailure(Digest(0), absl::InternalError("second"))).ok());
  EXPECT_EQ(FailureOf(0), "second");
}

// One of two workers fails whatever it is given: no work item may be lost by that.
TEST_F(DispatcherTest, ABrokenWorkerFailsNoWorkItemAndIsDismissed) {
  Begin(20);
  Join(1);
  Join(2);
  int failures = 0;
  while (!streams_.closed.contains(1)) {
    ASSERT_LT(failures, 20);
    ++failures;
    ASSERT_TRUE(
        Deliver(1, LeaseOf(1), EncodeFailure(Last(1).item().digest(), absl::InternalError("boom")))
            .ok());
    if (failures % 3 != 0) continue;
    ASSERT_TRUE(Deliver(2, LeaseOf(2), Measured(Last(2).item().digest())).ok());
  }
  EXPECT_EQ(failures, 10);
  EXPECT_THAT(Last(1).refusal(), HasSubstr("failed 10 evaluations in a row"));
  v1::WorkerState again;  // the broken one by a new stream
  *again.mutable_hello() = MakeHello("worker-1", *evaluator_);
  EXPECT_TRUE(dispatcher_->Receive(4, again).ok());
  EXPECT_THAT(Last(4).refusal(), HasSubstr("failed 10 evaluations in a row"));
  EXPECT_TRUE(dispatcher_->StreamClosed(1).ok());
  for (int i = 0; i < 20 && !dispatcher_->done(); ++i) {
    ASSERT_TRUE(Deliver(2, LeaseOf(2), Measured(Last(2).item().digest())).ok());
  }
  EXPECT_EQ(session_->outcomes.size(), 20u);
  EXPECT_EQ(dispatcher_->status().failed_items, 0);
}

TEST_F(DispatcherTest, AWorkerIsNotDismissedWhileNoOtherSucceeds) {
  Begin(20);
  Join(1);
  Join(2);
  for (int round = 0; round < 20; ++round) {
    for (const WorkerId worker : {1, 2}) {
      if (LeaseOf(worker).empty()) continue;
      ASSERT_TRUE(Deliver(worker, LeaseOf(worker),
                          EncodeFailure(Last(worker).item().digest(), absl::InternalError("boom")))
                      .ok());
    }
  }
  EXPECT_TRUE(dispatcher_->done());
  EXPECT_TRUE(streams_.closed.empty());
  EXPECT_EQ(dispatcher_->status().failed_items, 20);
}

TEST_F(DispatcherTest, ASilentWorkerHoldsBackNoWorkItem) {
  Begin(1);
  Join(1);
  Join(2);
  EXPECT_TRUE(Deliver(1, LeaseOf(1), EncodeFailure(Digest(0), absl::InternalError("first"))).ok());
  EXPECT_EQ(LeaseOf(1), "");
  EXPECT_EQ(Last(2).item().digest(), Digest(0));
  now_ += 30;
  EXPECT_TRUE(Heartbeat(1, "").ok());
  EXPECT_EQ(LeaseOf(1), "");
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_EQ(LeaseOf(2), "");
  EXPECT_EQ(Last(1).item().digest(), Digest(0));
}

TEST_F(DispatcherTest, OversizedNamesAreRefused) {
  Begin(1);
  Join(1);
  EXPECT_TRUE(Heartbeat(1, std::string(257, 'x')).ok());
  EXPECT_THAT(Last(1).refusal(), HasSubstr("lease_id: expected at most 256 bytes, found 257"));
  Join(2);
  EXPECT_EQ(Last(2).item().digest(), Digest(0));
  EXPECT_TRUE(Deliver(2, LeaseOf(2), Measured(std::string(300, 'x'))).ok());
  EXPECT_THAT(Last(2).refusal(), HasSubstr("result.digest: expected at most 256 bytes"));
  EXPECT_EQ(dispatcher_->status().connected_workers, 0);
}

TEST_F(DispatcherTest, AnInvalidWorkItemIsRecordedAtOnce) {
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
    EXPECT_TRUE(Heartbeat(1, "").ok());
    EXPECT_EQ(Last(1).item().digest(), Digest(0));
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
  session_->record_error = absl::ResourceExhaustedError("disk full");
  EXPECT_EQ(Deliver(1, LeaseOf(1), Measured(Digest(0))).code(),
            absl::StatusCode::kResourceExhausted);
  session_->record_error = absl::OkStatus();
  session_->next_error = absl::ResourceExhaustedError("disk full");
  EXPECT_EQ(dispatcher_->Tick().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(DispatcherTest, WhatCannotBeStoredIsNotAcknowledged) {
  Begin(2);
  Join(1);
  const std::string first = LeaseOf(1);
  session_->commit_error = absl::ResourceExhaustedError("disk full");
  EXPECT_EQ(Deliver(1, first, Measured(Digest(0))).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Last(1).acknowledged_lease_id(), "");
  EXPECT_EQ(dispatcher_->ShutDown().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Last(1).acknowledged_lease_id(), "");
}

TEST_F(DispatcherTest, ManyResultsShareACommit) {
  Begin(6);
  for (WorkerId stream = 1; stream <= 3; ++stream) Join(stream);
  int deferrals = 0;
  dispatcher_->DeferAnswers([&] { ++deferrals; });
  std::map<WorkerId, std::string> leases;
  for (WorkerId stream = 1; stream <= 3; ++stream) leases[stream] = LeaseOf(stream);
  const int before = session_->commits;
  for (const auto& [stream, lease] : leases) {
    const std::string digest = Last(stream).item().digest();
    EXPECT_TRUE(Deliver(stream, lease, Measured(digest)).ok());
    EXPECT_EQ(Last(stream).acknowledged_lease_id(), "");
  }
  EXPECT_EQ(deferrals, 1);
  EXPECT_EQ(session_->commits, before);
  EXPECT_TRUE(dispatcher_->Flush().ok());
  EXPECT_EQ(session_->commits, before + 1);
  EXPECT_EQ(session_->outcomes.size(), 3u);
  for (const auto& [stream, lease] : leases) {
    EXPECT_EQ(Last(stream).acknowledged_lease_id(), lease);
    EXPECT_TRUE(Last(stream).has_item());
  }
}

TEST_F(DispatcherTest, ThoseWhoComeAfterTheEndAreSentHome) {
  Begin(1);
  EXPECT_TRUE(dispatcher_->ShutDown().ok());
  Join(1);
  EXPECT_TRUE(Last(1).shut_down());
  EXPECT_TRUE(streams_.closed.contains(1));
}

TEST_F(DispatcherTest, WorkersThatOutliveTheCoordinatorAreToldToLeaveOnlyWhenAllIsDone) {
  options_.workers_outlive_it = true;
  Begin(1);
  Join(1);
  EXPECT_TRUE(dispatcher_->ShutDown().ok());
  EXPECT_FALSE(streams_.sent[1].back().shut_down());
  EXPECT_TRUE(streams_.closed.contains(1));
  Join(2);
  EXPECT_TRUE(streams_.sent[2].empty());
  EXPECT_TRUE(streams_.closed.contains(2));

  Begin(0);
  Join(3);
  EXPECT_TRUE(dispatcher_->ShutDown().ok());
  EXPECT_TRUE(streams_.sent[3].back().shut_down());
}

}  // namespace
}  // namespace strata::workers
