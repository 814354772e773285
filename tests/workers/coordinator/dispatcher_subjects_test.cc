// Runs with several models and texts, and workers that hold some of them.
#include <gmock/gmock.h>

#include "tests/workers/coordinator/dispatcher_fixture.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

class DispatcherSubjectsTest : public DispatcherTest {
 protected:
  // Work item k is of subject k mod 2; subject 1 has another model.
  void BeginWithTwoSubjects(int64_t items) {
    options_.further_subjects = {{"further model", evaluator_->text_digest()}};
    Begin(items);
    session_->subjects = 2;
  }

  void JoinWith(WorkerId worker, const std::vector<std::string>& models) {
    v1::WorkerState state;
    *state.mutable_hello() = MakeHello(fmt::format("worker-{}", worker), evaluator_->model(),
                                       models, {evaluator_->text_digest()});
    EXPECT_TRUE(dispatcher_->Receive(worker, state).ok());
  }

  const std::string& Own() const { return evaluator_->model().digest; }
};

TEST_F(DispatcherSubjectsTest, AWorkItemNamesItsModelAndGoesToAWorkerThatHoldsIt) {
  BeginWithTwoSubjects(4);
  JoinWith(1, {"further model"});
  EXPECT_EQ(Last(1).item().digest(), Digest(1));
  EXPECT_EQ(Last(1).item().model_digest(), "further model");
  EXPECT_EQ(Last(1).item().text_digest(), evaluator_->text_digest());
  JoinWith(2, {Own()});
  EXPECT_EQ(Last(2).item().digest(), Digest(0));
  EXPECT_EQ(Last(2).item().model_digest(), Own());
  EXPECT_TRUE(Deliver(1, LeaseOf(1), Measured(Digest(1))).ok());
  EXPECT_EQ(Last(1).item().digest(), Digest(3));
  EXPECT_TRUE(Deliver(1, LeaseOf(1), Measured(Digest(3))).ok());
  EXPECT_EQ(LeaseOf(1), "");  // work item 2 waits, but for another
  EXPECT_TRUE(Deliver(2, LeaseOf(2), Measured(Digest(0))).ok());
  EXPECT_EQ(Last(2).item().digest(), Digest(2));
  EXPECT_TRUE(Deliver(2, LeaseOf(2), Measured(Digest(2))).ok());
  EXPECT_TRUE(dispatcher_->done());
}

TEST_F(DispatcherSubjectsTest, OneThatHoldsNoneIsRefused) {
  BeginWithTwoSubjects(1);
  JoinWith(1, {"yet another"});
  EXPECT_THAT(Last(1).refusal(), HasSubstr("found yet another"));
}

TEST_F(DispatcherSubjectsTest, WorkThatNobodyHoldsTheModelForEndsTheRunAfterAWhile) {
  BeginWithTwoSubjects(2);
  JoinWith(1, {Own()});
  EXPECT_TRUE(Deliver(1, LeaseOf(1), Measured(Digest(0))).ok());
  EXPECT_TRUE(dispatcher_->Tick().ok());
  now_ += 59;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  now_ += 1;
  const absl::Status status = dispatcher_->Tick();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("further model"));
}

TEST_F(DispatcherSubjectsTest, AWorkerThatBringsTheModelInTimeIsEnough) {
  BeginWithTwoSubjects(2);
  JoinWith(1, {Own()});
  EXPECT_TRUE(Deliver(1, LeaseOf(1), Measured(Digest(0))).ok());
  EXPECT_TRUE(dispatcher_->Tick().ok());
  now_ += 59;
  JoinWith(2, {Own(), "further model"});
  EXPECT_EQ(Last(2).item().digest(), Digest(1));
  now_ += 20;
  EXPECT_TRUE(dispatcher_->Tick().ok());
  EXPECT_TRUE(Deliver(2, LeaseOf(2), Measured(Digest(1))).ok());
  EXPECT_TRUE(dispatcher_->done());
}

}  // namespace
}  // namespace strata::workers
