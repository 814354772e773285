#include "workers/coordinator/lease_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workers/coordinator/fake_session.h"

namespace strata::workers {
namespace {

using testing::ElementsAre;

class LeaseTableTest : public testing::Test {
 protected:
  LeaseTableTest()
      : table_({.lease_seconds = 30,
                .maximum_evaluation_failures_per_item = 2,
                .maximum_machine_faults_per_item = 4,
                .maximum_machines_per_item = 3}) {}

  static std::string Digest(int64_t number) { return MakeFakeItem(number).digest; }
  static std::string Name(WorkerId worker) { return fmt::format("worker-{}", worker); }
  // The lease of a worker by value, which must exist.
  Lease Grant(WorkerId worker, double now) {
    const Lease* lease = table_.Grant(worker, {now, now}, Name(worker), available_);
    EXPECT_NE(lease, nullptr);
    return lease == nullptr ? Lease() : *lease;
  }

  Decision Fail(WorkerId worker, const std::string& lease_id, FailureKind kind,
                const std::string& message = "x") {
    return table_.Fail(lease_id, Digest(0), Name(worker), available_, kind, message);
  }

  Decision Break(WorkerId worker) {
    return table_.Break(worker, Name(worker), available_, &digest_);
  }

  LeaseTable table_;
  std::set<std::string> available_;
  std::vector<WorkerId> stopped_;
  std::string digest_;
};

TEST_F(LeaseTableTest, GrantsInOrderAndTheSameWorkItemWhenAskedAgain) {
  table_.Add(MakeFakeItem(0));
  table_.Add(MakeFakeItem(1));
  const Lease first = Grant(1, 0);
  EXPECT_EQ(first.digest, Digest(0));
  EXPECT_EQ(Grant(1, 5).id, first.id);
  EXPECT_EQ(Grant(2, 5).digest, Digest(1));
  EXPECT_EQ(table_.Grant(3, {5, 5}, Name(3), available_), nullptr);
  EXPECT_EQ(table_.leased(), 2);
  EXPECT_EQ(table_.reissued(), 0);
}

TEST_F(LeaseTableTest, HeartbeatsRenewAndSilenceEnds) {
  table_.Add(MakeFakeItem(0));
  const std::string id = Grant(1, 0).id;
  table_.Report(1, id, {20, 20});
  EXPECT_TRUE(table_.Expire(49.9).empty());
  EXPECT_THAT(table_.Expire(50), ElementsAre(1));
  EXPECT_EQ(table_.LeaseOf(1), nullptr);
  EXPECT_TRUE(table_.has_waiting());
}

// What counts is when the worker was alive, not when its message arrived.
TEST_F(LeaseTableTest, ALateMessageDoesNotMakeALeaseOutliveItsWorker) {
  table_.Add(MakeFakeItem(0));
  const std::string id = Grant(1, 0).id;
  table_.Report(1, id, {.now = 29, .alive_at = 5});
  EXPECT_TRUE(table_.Expire(34.9).empty());
  EXPECT_EQ(table_.Expire(35), std::vector<WorkerId>{1});
  // Held back for longer than a lease lasts, it gives none back, though the work item waits.
  EXPECT_TRUE(table_.MayReturn(id));
  table_.Report(1, id, {.now = 36, .alive_at = 5});
  EXPECT_EQ(table_.LeaseOf(1), nullptr);
  table_.Report(1, id, {.now = 37, .alive_at = 36});
  ASSERT_NE(table_.LeaseOf(1), nullptr);
  EXPECT_EQ(table_.LeaseOf(1)->expires_at, 66);
  EXPECT_FALSE(table_.MayReturn(id));
  EXPECT_FALSE(table_.MayReturn(""));
}

TEST_F(LeaseTableTest, AnExpiredWorkItemGoesToTheFront) {
  table_.Add(MakeFakeItem(0));
  table_.Add(MakeFakeItem(1));
  Grant(1, 0);
  table_.Expire(30);
  EXPECT_EQ(Grant(2, 30).digest, Digest(0));
  EXPECT_EQ(table_.reissued(), 1);
}

TEST_F(LeaseTableTest, AnotherWorkersReportDoesNotRenew) {
  table_.Add(MakeFakeItem(0));
  const std::string id = Grant(1, 0).id;
  table_.Report(2, id, {20, 20});
  EXPECT_THAT(table_.Expire(30), ElementsAre(1));
}

TEST_F(LeaseTableTest, AWorkerThatReturnsGetsItsWaitingWorkItemBack) {
  table_.Add(MakeFakeItem(0));
  const std::string id = Grant(1, 0).id;
  EXPECT_EQ(Break(1).kind, Decision::kRetry);
  table_.Report(7, id, {1, 1});  // the same worker on a new stream
  ASSERT_NE(table_.LeaseOf(7), nullptr);
  EXPECT_EQ(table_.LeaseOf(7)->id, id);
  EXPECT_FALSE(table_.has_waiting());
}

TEST_F(LeaseTableTest, AWorkerThatReturnsTooLateDoesNotTakeTheWorkItemFromAnother) {
  table_.Add(MakeFakeItem(0));
  const std::string id = Grant(1, 0).id;
  Break(1);
  const Lease second = Grant(2, 1);
  table_.Report(7, id, {2, 2});
  EXPECT_EQ(table_.LeaseOf(7), nullptr);
  EXPECT_EQ(table_.LeaseOf(2)->id, second.id);
}

TEST_F(LeaseTableTest, ALeaseNeverGrantedIsNotResumed) {
  table_.Add(MakeFakeItem(0));
  table_.Report(1, "9-" + Digest(0), {0, 0});
  table_.Report(1, "no dash", {0, 0});
  EXPECT_EQ(table_.LeaseOf(1), nullptr);
}

// The work item runs in a process of its own, so a lost worker is no fault of the work item.
TEST_F(LeaseTableTest, LostWorkersNeverFailAWorkItemButEndTheRunAtLast) {
  table_.Add(MakeFakeItem(0));
  for (WorkerId worker = 1; worker <= 3; ++worker) {
    Grant(worker, 0);
    EXPECT_EQ(Break(worker).kind, Decision::kRetry);
  }
  Grant(4, 0);
  const Decision decision = Break(4);
  EXPECT_EQ(decision.kind, Decision::kGiveUp);
  EXPECT_EQ(digest_, Digest(0));
  EXPECT_THAT(decision.reason, testing::HasSubstr("failed 4 times"));
  EXPECT_THAT(decision.reason, testing::HasSubstr("worker-1, worker-2, worker-3, worker-4"));
}

TEST_F(LeaseTableTest, AWorkItemThatAMachineFailedIsKeptForAnother) {
  available_ = {Name(1), Name(2)};
  table_.Add(MakeFakeItem(0));
  table_.Add(MakeFakeItem(1));
  EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kInfrastructure).kind, Decision::kRetry);
  EXPECT_EQ(Grant(1, 0).digest, Digest(1));
  EXPECT_EQ(Grant(2, 0).digest, Digest(0));
  EXPECT_EQ(Break(2).kind, Decision::kRetry);  // both are unable now
  table_.Complete(Digest(1), &stopped_);
  EXPECT_EQ(Grant(1, 0).digest, Digest(0));
}

TEST_F(LeaseTableTest, OneMachinesFaultsDoNotEndTheRunWhileAnotherIsAble) {
  table_.Add(MakeFakeItem(0));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kInfrastructure).kind, Decision::kRetry);
  }
  const std::string fourth = Grant(1, 0).id;
  available_ = {Name(1), Name(2)};
  EXPECT_EQ(Fail(1, fourth, FailureKind::kInfrastructure).kind, Decision::kRetry);
  EXPECT_FALSE(table_.HasWaitingFor(Name(1), available_));
  EXPECT_EQ(Fail(2, Grant(2, 0).id, FailureKind::kInfrastructure).kind, Decision::kGiveUp);
}

TEST_F(LeaseTableTest, AWorkerThatReturnsWasNotLost) {
  table_.Add(MakeFakeItem(0));
  for (WorkerId worker = 1; worker <= 6; worker += 2) {
    const std::string id = Grant(worker, 0).id;
    EXPECT_EQ(Break(worker).kind, Decision::kRetry);
    table_.Report(worker + 1, id, {0, 0});
    table_.Release(worker + 1);
  }
}

TEST_F(LeaseTableTest, BreakWithoutALeaseSaysNothing) {
  EXPECT_EQ(Break(1).kind, Decision::kAbsorbed);
  EXPECT_EQ(digest_, "");
}

TEST_F(LeaseTableTest, AnEvaluationFailureIsRetriedOnce) {
  table_.Add(MakeFakeItem(0));
  const std::string first = Grant(1, 0).id;
  EXPECT_EQ(Fail(1, first, FailureKind::kEvaluation).kind, Decision::kRetry);
  EXPECT_EQ(table_.LeaseOf(1), nullptr);
  EXPECT_EQ(Fail(1, first, FailureKind::kEvaluation).kind, Decision::kAbsorbed);
  const Decision second = Fail(1, Grant(1, 0).id, FailureKind::kEvaluation, "again");
  EXPECT_EQ(second.kind, Decision::kWorkFailed);
  EXPECT_EQ(second.reason, "again");
}

TEST_F(LeaseTableTest, AnInvalidWorkItemFailsAtOnce) {
  table_.Add(MakeFakeItem(0));
  EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kInvalidWork).kind, Decision::kWorkFailed);
}

TEST_F(LeaseTableTest, AWorkItemThatAWorkerFailedIsKeptForAnother) {
  available_ = {Name(1), Name(2)};
  table_.Add(MakeFakeItem(0));
  table_.Add(MakeFakeItem(1));
  EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kEvaluation).kind, Decision::kRetry);
  EXPECT_EQ(Grant(1, 0).digest, Digest(1));
  table_.Complete(Digest(1), &stopped_);
  EXPECT_FALSE(table_.HasWaitingFor(Name(1), available_));
  EXPECT_EQ(table_.Grant(11, {0, 0}, Name(1), available_), nullptr);  // nor by a new stream
  EXPECT_TRUE(table_.HasWaitingFor(Name(2), available_));
  const std::string second = Grant(2, 0).id;
  EXPECT_EQ(Fail(2, second, FailureKind::kEvaluation).kind, Decision::kWorkFailed);
}

TEST_F(LeaseTableTest, OneWorkersFailuresAreNotEnoughWhileAnotherMayTry) {
  table_.Add(MakeFakeItem(0));
  EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kEvaluation).kind, Decision::kRetry);
  const std::string second = Grant(1, 0).id;  // alone
  available_ = {Name(1), Name(2)};
  EXPECT_EQ(Fail(1, second, FailureKind::kEvaluation).kind, Decision::kRetry);
  EXPECT_FALSE(table_.HasWaitingFor(Name(1), available_));
  available_ = {Name(1)};  // the other left
  EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kEvaluation).kind, Decision::kWorkFailed);
}

TEST_F(LeaseTableTest, AnInvalidWorkItemIsShownToAnotherWorker) {
  available_ = {Name(1), Name(2)};
  table_.Add(MakeFakeItem(0));
  EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kInvalidWork).kind, Decision::kRetry);
  EXPECT_EQ(Fail(2, Grant(2, 0).id, FailureKind::kInvalidWork).kind, Decision::kWorkFailed);
}

TEST_F(LeaseTableTest, InfrastructureFailuresAreRetriedManyTimesThenEndTheRun) {
  table_.Add(MakeFakeItem(0));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kInfrastructure).kind, Decision::kRetry);
  }
  EXPECT_EQ(Fail(1, Grant(1, 0).id, FailureKind::kInfrastructure).kind, Decision::kGiveUp);
}

TEST_F(LeaseTableTest, AFailureOfAnEndedLeaseLeavesTheNewOneAlone) {
  table_.Add(MakeFakeItem(0));
  const std::string old_id = Grant(1, 0).id;
  table_.Expire(30);
  const std::string new_id = Grant(2, 30).id;
  EXPECT_EQ(Fail(1, old_id, FailureKind::kInvalidWork).kind, Decision::kAbsorbed);
  EXPECT_EQ(table_.LeaseOf(2)->id, new_id);
  EXPECT_EQ(Fail(1, "3-made-up", FailureKind::kInvalidWork).kind, Decision::kAbsorbed);
}

TEST_F(LeaseTableTest, CompletingEndsTheLeaseOfWhoeverHasIt) {
  table_.Add(MakeFakeItem(0));
  Grant(1, 0);
  table_.Expire(30);
  Grant(2, 30);
  const auto items = table_.Complete(Digest(0), &stopped_);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_THAT(stopped_, ElementsAre(2));
  EXPECT_EQ(table_.LeaseOf(2), nullptr);
  EXPECT_FALSE(table_.has_waiting());
  EXPECT_TRUE(table_.WasCompleted(Digest(0)));
  EXPECT_EQ(table_.FindOpen(Digest(0)), nullptr);
  EXPECT_TRUE(table_.Complete(Digest(0), &stopped_).empty());
}

TEST_F(LeaseTableTest, ALateResultCompletesAWaitingWorkItem) {
  table_.Add(MakeFakeItem(0));
  Grant(1, 0);
  table_.Expire(30);
  EXPECT_EQ(table_.Complete(Digest(0), &stopped_).size(), 1u);
  EXPECT_TRUE(stopped_.empty());
  EXPECT_FALSE(table_.has_waiting());
}

TEST_F(LeaseTableTest, WorkItemsOfOneDigestAreCompletedTogether) {
  search::SessionItem twin = MakeFakeItem(0);
  twin.item.id = 99;
  table_.Add(MakeFakeItem(0));
  table_.Add(twin);
  Grant(1, 0);
  EXPECT_FALSE(table_.has_waiting());
  const auto items = table_.Complete(Digest(0), &stopped_);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1].item.id, 99);
}

TEST_F(LeaseTableTest, AWorkItemGoesToAWorkerThatHoldsItsSubject) {
  search::SessionItem further = MakeFakeItem(0);
  std::get<search::EvaluateWork>(further.item.work).subject = 1;
  table_.Add(further);
  table_.Add(MakeFakeItem(1));
  available_ = {Name(1), Name(2)};
  table_.SetHeld(Name(1), {0});
  table_.SetHeld(Name(2), {1});
  EXPECT_EQ(table_.WaitingSubjects(), (std::set<int>{0, 1}));
  EXPECT_EQ(Grant(1, 0).digest, Digest(1));
  EXPECT_EQ(table_.WaitingSubjects(), std::set<int>{1});
  EXPECT_FALSE(table_.HasWaitingFor(Name(1), available_));
  EXPECT_TRUE(table_.HasWaitingFor(Name(3), available_));  // of whom nothing is known
  EXPECT_EQ(Grant(2, 0).digest, Digest(0));
}

// Whoever does not hold the subject is no one left to ask.
TEST_F(LeaseTableTest, OnlyHoldersOfTheSubjectCanDisagreeWithAFailure) {
  search::SessionItem further = MakeFakeItem(0);
  std::get<search::EvaluateWork>(further.item.work).subject = 1;
  table_.Add(further);
  available_ = {Name(1), Name(2)};
  table_.SetHeld(Name(1), {0});
  table_.SetHeld(Name(2), {0, 1});
  EXPECT_EQ(Fail(2, Grant(2, 0).id, FailureKind::kEvaluation).kind, Decision::kRetry);
  EXPECT_EQ(table_.Hedge(1, {1000, 1000}, Name(1), [](const search::WorkItem&) { return 0.0; }),
            nullptr);
  EXPECT_EQ(Fail(2, Grant(2, 1).id, FailureKind::kEvaluation).kind, Decision::kWorkFailed);
}

}  // namespace
}  // namespace strata::workers
