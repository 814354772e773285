// Slow work items are begun a second time when a worker has nothing else to do.
#include <gmock/gmock.h>

#include "tests/workers/coordinator/dispatcher_fixture.h"

namespace strata::workers {
namespace {

class DispatcherHedgingTest : public DispatcherTest {
 protected:
  // The last of `work items` is with worker 1 at time 0, after the others took 10 s each; worker 2
  // has nothing to do.
  void LeaveTheLastItem(int64_t items = 4) {
    options_.lease_seconds = 1000;
    options_.no_worker_seconds = 1e6;
    Begin(items);
    Join(1);
    for (int64_t number = 0; number + 1 < items; ++number) {
      now_ += 10;
      EXPECT_TRUE(Deliver(1, LeaseOf(1), Measured(Digest(number))).ok());
    }
    start_ = now_;
    slow_ = LeaseOf(1);
    EXPECT_TRUE(Heartbeat(1, slow_).ok());
    Join(2);
    EXPECT_EQ(LeaseOf(2), "");
  }

  void TickAt(double seconds) {
    now_ = start_ + seconds;
    EXPECT_TRUE(dispatcher_->Tick().ok());
  }

  double start_ = 0;
  std::string slow_;  // the lease of worker 1
};

TEST_F(DispatcherHedgingTest, ASlowWorkItemGoesToAnIdleWorkerAndTheFirstResultCounts) {
  LeaveTheLastItem();
  TickAt(29);
  EXPECT_EQ(LeaseOf(2), "");
  TickAt(31);
  EXPECT_EQ(Last(2).item().digest(), Digest(3));
  EXPECT_NE(LeaseOf(2), slow_);
  EXPECT_EQ(dispatcher_->status().hedged_items, 1);
  EXPECT_EQ(dispatcher_->status().reissued_items, 0);
  // Once only.
  Join(3);
  TickAt(500);
  EXPECT_EQ(LeaseOf(3), "");
  EXPECT_TRUE(Heartbeat(1, slow_).ok());
  EXPECT_EQ(LeaseOf(1), slow_);
  EXPECT_TRUE(Deliver(2, LeaseOf(2), Measured(Digest(3), 2.5)).ok());
  EXPECT_TRUE(dispatcher_->done());
  // The first worker is told at once to drop it, and what it sends all the same is absorbed.
  EXPECT_EQ(LeaseOf(1), "");
  EXPECT_TRUE(Deliver(1, slow_, Measured(Digest(3), 9)).ok());
  EXPECT_EQ(Last(1).acknowledged_lease_id(), slow_);
  EXPECT_EQ(dispatcher_->status().absorbed_results, 1);
  EXPECT_EQ(std::get<search::EvaluateOutcome>(session_->outcomes.at(Digest(3))).mean_nll, 2.5);
}

TEST_F(DispatcherHedgingTest, WhereTheFirstIsDoneFirstTheSecondDropsIt) {
  LeaveTheLastItem();
  TickAt(31);
  const std::string second = LeaseOf(2);
  EXPECT_TRUE(Heartbeat(2, second).ok());
  EXPECT_TRUE(Deliver(1, slow_, Measured(Digest(3))).ok());
  EXPECT_TRUE(dispatcher_->done());
  EXPECT_EQ(LeaseOf(2), "");
  EXPECT_EQ(dispatcher_->status().leased_items, 0);
}

TEST_F(DispatcherHedgingTest, TheWorkItemStaysWithTheOtherWhenOneIsLost) {
  LeaveTheLastItem();
  TickAt(31);
  const std::string second = LeaseOf(2);
  EXPECT_TRUE(Heartbeat(2, second).ok());
  EXPECT_TRUE(dispatcher_->StreamClosed(1).ok());
  Join(3);
  EXPECT_EQ(LeaseOf(3), "");
  EXPECT_TRUE(Heartbeat(2, second).ok());
  EXPECT_EQ(LeaseOf(2), second);
  EXPECT_TRUE(Deliver(2, second, EncodeFailure(Digest(3), absl::InternalError("boom"))).ok());
  // Now nobody has it: it waits, and the worker that has not failed it gets it.
  EXPECT_EQ(Last(3).item().digest(), Digest(3));
  EXPECT_EQ(dispatcher_->status().failures.evaluation, 1);
  EXPECT_EQ(dispatcher_->status().failures.lost_worker, 1);
}

TEST_F(DispatcherHedgingTest, NotWhileOtherWorkItemsWaitOrTooLittleIsKnown) {
  options_.lease_seconds = 1000;
  Begin(1);
  Join(1);
  Join(2);
  now_ += 900;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_EQ(LeaseOf(2), "");  // nobody knows how long such a work item takes
  EXPECT_EQ(dispatcher_->status().hedged_items, 0);
}

TEST_F(DispatcherHedgingTest, CanBeSwitchedOff) {
  options_.hedge_factor = 0;
  LeaveTheLastItem();
  TickAt(900);
  EXPECT_EQ(LeaseOf(2), "");
}

// A clock that goes back must not make a lease last longer than its term.
TEST_F(DispatcherHedgingTest, ALeaseLastsItsTermWhateverTheClockDoes) {
  Begin(1);
  Join(1);
  const std::string lease = LeaseOf(1);
  EXPECT_TRUE(Heartbeat(1, lease).ok());
  now_ += 20;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  now_ -= 5000;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_EQ(dispatcher_->status().leased_items, 1);
  now_ += 11;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_EQ(dispatcher_->status().leased_items, 0);
}

}  // namespace
}  // namespace strata::workers
