// When a worker was alive, by what it says to have heard.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/workers/coordinator/dispatcher_fixture.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

// The relay between them held back what a worker said before it was killed, or is itself awake
// again.
TEST_F(DispatcherTest, AMessageHeldBackProvesNothingUntilItIsAnswered) {
  Begin(1);
  Join(1);
  const std::string lease = LeaseOf(1);
  v1::WorkerState late;
  late.set_lease_id(lease);
  late.set_heard_at_seconds(HeardAt(1));
  now_ += 20;
  EXPECT_TRUE(dispatcher_->Receive(1, late).ok());
  now_ += 10;  // 30 s after the worker was heard of, not after the message came
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_EQ(dispatcher_->status().leased_items, 0);
  EXPECT_TRUE(dispatcher_->Receive(1, late).ok());
  EXPECT_EQ(dispatcher_->status().leased_items, 0);
  EXPECT_EQ(LeaseOf(1), lease);  // it may go on,
  late.set_heard_at_seconds(HeardAt(1));
  EXPECT_TRUE(dispatcher_->Receive(1, late).ok());
  EXPECT_EQ(dispatcher_->status().leased_items, 1);  // and with its answer has its lease back
  EXPECT_EQ(LeaseOf(1), lease);
}

TEST_F(DispatcherTest, AWorkerThatHeardWhatWasNeverSaidIsDismissed) {
  Begin(1);
  Join(1);
  for (const double heard_at : {0.5, std::nan(""), -1.0}) {
    Join(2);
    v1::WorkerState state;
    state.set_heard_at_seconds(heard_at);
    EXPECT_TRUE(dispatcher_->Receive(2, state).ok());
    EXPECT_TRUE(streams_.closed.contains(2)) << heard_at;
    EXPECT_THAT(Last(2).refusal(), HasSubstr("heard_at_seconds"));
    streams_.closed.clear();
  }
  EXPECT_EQ(dispatcher_->status().connected_workers, 1);
}

}  // namespace
}  // namespace strata::workers
