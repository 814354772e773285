// Who may see and control a search over the network, and what comes of it.
#include "workers/coordinator/control_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/temporary_folder.h"
#include "tests/workers/coordinator/fake_session.h"
#include "tests/workers/small_search.h"
#include "workers/coordinator/coordinator.h"
#include "workers/wire/control_client.h"
#include "workers/worker/worker.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

const Credentials kAll = {.tls = {},
                          .token = "the-token-of-workers",
                          .viewer_token = "the-token-of-viewers",
                          .operator_token = "the-token-of-operators"};

Credentials Sending(const std::string& token) { return {.tls = {}, .token = token}; }

class ControlServiceTest : public testing::Test {
 protected:
  void Start(int items, const Credentials& credentials) {
    session_ = std::make_unique<FakeSession>(items);
    CoordinatorOptions options = SmallCoordinatorOptions("127.0.0.1:0");
    options.local_address = "unix:" + folder_ / "socket";
    options.credentials = credentials;
    options.model_digest = SmallEvaluator(nullptr, kFakeUnits)->model().digest;
    auto coordinator = Coordinator::Start(options, session_.get());
    ASSERT_TRUE(coordinator.ok()) << coordinator.status();
    coordinator_ = *std::move(coordinator);
    thread_ = std::thread([this] { outcome_ = coordinator_->Run(nullptr); });
  }
  ~ControlServiceTest() override {
    if (thread_.joinable()) thread_.join();
  }

  ControlOptions As(const std::string& token) {
    return {.address = coordinator_->address(), .credentials = Sending(token)};
  }
  ControlOptions AsOwner() { return {.address = coordinator_->local_address()}; }

  TemporaryFolder folder_;
  std::unique_ptr<FakeSession> session_;
  std::unique_ptr<Coordinator> coordinator_;
  absl::Status outcome_;
  std::thread thread_;
};

TEST_F(ControlServiceTest, EveryTokenHasTheRightsOfItsRoleAndNoOthers) {
  Start(1, kAll);
  struct Case {
    const char* token;
    bool may_view, may_operate;
  };
  for (const Case& role : {Case{"", false, false},
                           {"wrong", false, false},
                           {"the-token-of-workers", false, false},
                           {"the-token-of-viewers", true, false},
                           {"the-token-of-operators", true, true}}) {
    EXPECT_EQ(GetStatus(As(role.token)).ok(), role.may_view) << role.token;
    const absl::Status drained = DrainWorker(As(role.token), "nobody");
    EXPECT_EQ(drained.code(),
              role.may_operate ? absl::StatusCode::kNotFound : absl::StatusCode::kPermissionDenied)
        << drained;
    if (!role.may_operate) {
      EXPECT_EQ(StopSearch(As(role.token)).code(), absl::StatusCode::kPermissionDenied);
    }
  }
  EXPECT_THAT(std::string(StopSearch(As("the-token-of-viewers")).message()),
              HasSubstr("the token is a viewer's"));
  // And nobody but workers works.
  const auto evaluator = SmallEvaluator(nullptr, kFakeUnits);
  for (const char* token : {"", "the-token-of-viewers", "the-token-of-operators"}) {
    const absl::Status status = RunWorker({.address = coordinator_->address(),
                                           .connect_timeout_seconds = 20,
                                           .credentials = Sending(token)},
                                          evaluator.get(), nullptr);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << token << status;
  }
  ASSERT_TRUE(StopSearch(As("the-token-of-operators")).ok());
  thread_.join();
  EXPECT_TRUE(outcome_.ok()) << outcome_;
  EXPECT_TRUE(session_->outcomes.empty());
  EXPECT_EQ(GetStatus(As("the-token-of-viewers")).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ControlServiceTest, WithoutTokensOnlyTheOwnerOfTheSocketControls) {
  Start(1, {});
  EXPECT_EQ(StopSearch(As("")).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(GetStatus(As("guessed")).status().code(), absl::StatusCode::kPermissionDenied);
  const auto status = GetStatus(AsOwner());
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_TRUE(status->workers.empty());
  EXPECT_TRUE(StopSearch(AsOwner()).ok());
}

TEST_F(ControlServiceTest, AWorkerThatIsSentAwayFinishesItsWorkItemAndLeaves) {
  Start(3, kAll);
  std::atomic<bool> has_begun{false}, may_end{false};
  const auto evaluator = SmallEvaluator(
      [&](int64_t) {
        has_begun = true;
        has_begun.notify_all();
        may_end.wait(false);
        return absl::OkStatus();
      },
      kFakeUnits);
  const auto serve = [&](const std::string& name) {
    return RunWorker({.address = coordinator_->address(),
                      .name = name,
                      .connect_timeout_seconds = 20,
                      .credentials = Sending("the-token-of-workers")},
                     evaluator.get(), nullptr);
  };
  absl::Status left;
  std::thread worker([&] { left = serve("first"); });
  has_begun.wait(false);
  const auto busy = GetStatus(AsOwner());
  ASSERT_TRUE(busy.ok()) << busy.status();
  ASSERT_EQ(busy->workers.size(), 1u);
  EXPECT_EQ(busy->workers[0].name, "first");
  EXPECT_NE(busy->workers[0].item, "");
  EXPECT_FALSE(busy->workers[0].is_leaving);
  EXPECT_EQ(busy->leased_items, 1);
  ASSERT_TRUE(DrainWorker(As("the-token-of-operators"), "first").ok());
  EXPECT_TRUE(GetStatus(AsOwner())->workers[0].is_leaving);
  may_end = true;
  may_end.notify_all();
  worker.join();
  EXPECT_TRUE(left.ok()) << left;
  EXPECT_EQ(GetStatus(AsOwner())->evaluations, 1);
  EXPECT_TRUE(serve("second").ok());
  thread_.join();
  EXPECT_TRUE(outcome_.ok()) << outcome_;
  EXPECT_EQ(session_->outcomes.size(), 3u);
}

}  // namespace
}  // namespace strata::workers
