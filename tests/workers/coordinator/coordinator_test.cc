#include "workers/coordinator/coordinator.h"

#include <absl/synchronization/notification.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "evaluator/synthetic_evaluator.h"
#include "proto/strata.grpc.pb.h"
#include "tests/support/temporary_folder.h"
#include "tests/workers/coordinator/fake_session.h"
#include "tests/workers/small_search.h"
#include "workers/wire/handshake.h"
#include "workers/wire/work_codec.h"
#include "workers/worker/worker.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

// Some milliseconds of latency, different for every operation of every worker.
std::function<absl::Status(int64_t)> ShuffledLatency(unsigned seed) {
  auto random = std::make_shared<std::minstd_rand>(seed);
  return [random](int64_t) {
    std::this_thread::sleep_for(std::chrono::microseconds((*random)() % 4000));
    return absl::OkStatus();
  };
}

class CoordinatorTest : public testing::Test {
 protected:
  CoordinatorTest() : address_("unix:" + (folder_ / "s")) {}

  // A worker in a thread of its own.
  void AddWorker(std::unique_ptr<evaluator::Evaluator> evaluator, absl::Status* outcome,
                 const std::atomic<bool>* drain = nullptr) {
    const std::string name = fmt::format("worker-{}", threads_.size());
    threads_.emplace_back(
        [this, name, outcome, drain,
         evaluator = std::shared_ptr<evaluator::Evaluator>(std::move(evaluator))] {
          *outcome = RunWorker({.address = address_, .name = name, .connect_timeout_seconds = 20},
                               evaluator.get(), drain);
        });
  }

  void JoinWorkers() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::string ArchiveWithWorkers(int count) {
    SmallSearch small = OpenSmallSearch(folder_ / (fmt::format("run{}", count))).value();
    auto coordinator =
        Coordinator::Start(SmallCoordinatorOptions(address_), small.session.get()).value();
    std::vector<absl::Status> outcomes(static_cast<size_t>(count), absl::UnknownError("running"));
    for (int i = 0; i < count; ++i) {
      AddWorker(SmallEvaluator(ShuffledLatency(static_cast<unsigned>(100 * count + i))),
                &outcomes[static_cast<size_t>(i)]);
    }
    const absl::Status status = coordinator->Run(nullptr);
    EXPECT_TRUE(status.ok()) << status;
    JoinWorkers();
    for (const absl::Status& outcome : outcomes) EXPECT_TRUE(outcome.ok()) << outcome;
    return DescribeArchive(small.session->engine());
  }

  TemporaryFolder folder_;
  const std::string address_;
  std::vector<std::thread> threads_;
};

TEST_F(CoordinatorTest, TheSameArchiveWithOneTwoAndFiveWorkers) {
  const std::string expected = ExpectedArchive(folder_ / "expected");
  EXPECT_THAT(expected, HasSubstr("crossover"));
  EXPECT_EQ(ArchiveWithWorkers(1), expected);
  EXPECT_EQ(ArchiveWithWorkers(2), expected);
  EXPECT_EQ(ArchiveWithWorkers(5), expected);
}

TEST_F(CoordinatorTest, ServesOnLoopback) {
  FakeSession session(3);
  CoordinatorOptions options = SmallCoordinatorOptions("127.0.0.1:0");
  const auto evaluator = SmallEvaluator(nullptr, kFakeUnits);
  options.model_digest = evaluator->model().digest;
  auto coordinator = Coordinator::Start(options, &session).value();
  EXPECT_EQ(coordinator->address().find(":0"), std::string::npos);
  EXPECT_EQ(
      Coordinator::Start(SmallCoordinatorOptions(coordinator->address()), &session).status().code(),
      absl::StatusCode::kUnavailable);
  std::thread worker([&] {
    EXPECT_TRUE(RunWorker({.address = coordinator->address()}, evaluator.get(), nullptr).ok());
  });
  CoordinatorStatus last;
  EXPECT_TRUE(coordinator
                  ->Run([&last](const CoordinatorStatus& status) {
                    last = status;
                    return false;
                  })
                  .ok());
  worker.join();
  EXPECT_EQ(session.outcomes.size(), 3u);
  EXPECT_EQ(last.evaluations, 3);
}

TEST_F(CoordinatorTest, AnotherModelIsRefused) {
  FakeSession session(1);
  auto coordinator = Coordinator::Start(SmallCoordinatorOptions(address_), &session).value();
  absl::Status outcome;
  std::atomic<bool> refused = false;
  AddWorker(SmallEvaluator(nullptr, kSmallBlocks + 1), &outcome);
  std::thread watch([&] {
    JoinWorkers();
    refused = true;
  });
  EXPECT_TRUE(
      coordinator->Run([&refused](const CoordinatorStatus&) { return refused.load(); }).ok());
  watch.join();
  EXPECT_EQ(outcome.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(outcome.message()), HasSubstr("model digest: expected"));
}

TEST_F(CoordinatorTest, WithoutWorkersRunEnds) {
  FakeSession session(1);
  double now = 0;
  CoordinatorOptions options = SmallCoordinatorOptions(address_);
  options.now_seconds = [&now] { return now += 20; };
  auto coordinator = Coordinator::Start(options, &session).value();
  const absl::Status status = coordinator->Run(nullptr);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(address_));
}

TEST_F(CoordinatorTest, WithoutACoordinatorAWorkerEnds) {
  const auto evaluator = SmallEvaluator();
  const absl::Status status = RunWorker(
      {.address = address_, .name = "w", .connect_timeout_seconds = 0.2}, evaluator.get(), nullptr);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(address_));
  EXPECT_EQ(RunWorker({.address = "example.org:1"}, evaluator.get(), nullptr).code(),
            absl::StatusCode::kFailedPrecondition);
  const absl::Status named =
      RunWorker({.address = address_, .name = "a\nb"}, evaluator.get(), nullptr);
  EXPECT_EQ(named.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(named.message()), HasSubstr("expected no control characters"));
}

TEST_F(CoordinatorTest, ErrorsOfTheSessionEndRunAndWorkersGoHome) {
  FakeSession session(5);
  session.record_error = absl::ResourceExhaustedError("disk full");
  CoordinatorOptions options = SmallCoordinatorOptions(address_);
  auto evaluator = SmallEvaluator(nullptr, kFakeUnits);
  options.model_digest = evaluator->model().digest;
  auto coordinator = Coordinator::Start(options, &session).value();
  absl::Status outcome = absl::UnknownError("running");
  AddWorker(std::move(evaluator), &outcome);
  EXPECT_EQ(coordinator->Run(nullptr).code(), absl::StatusCode::kResourceExhausted);
  JoinWorkers();
  EXPECT_TRUE(outcome.ok()) << outcome;
}

TEST_F(CoordinatorTest, ARunningEvaluationIsStoppedAtTheEnd) {
  FakeSession session(5);
  CoordinatorOptions options = SmallCoordinatorOptions(address_);
  absl::Notification began;
  std::atomic<bool> was_stopped = false;
  // Runs until it is told to stop.
  class Endless : public evaluator::Evaluator {
   public:
    Endless(absl::Notification* began, std::atomic<bool>* was_stopped)
        : model_(SmallEvaluator()), began_(began), was_stopped_(was_stopped) {}
    const evaluator::ModelSummary& model() const override { return model_->model(); }
    const std::string& text_digest() const override { return model_->text_digest(); }
    absl::StatusOr<evaluator::Profile> MeasureFeatures(const evaluator::ProfileRequest&,
                                                       const evaluator::Progress&) override {
      return absl::InternalError("not asked for");
    }
    absl::StatusOr<evaluator::Measurement> Evaluate(const evaluator::EvaluateRequest&,
                                                    const evaluator::Progress& progress) override {
      began_->Notify();
      while (progress(0.5)) std::this_thread::yield();
      *was_stopped_ = true;
      return absl::CancelledError("stopped");
    }

   private:
    std::unique_ptr<evaluator::Evaluator> model_;
    absl::Notification* const began_;
    std::atomic<bool>* const was_stopped_;
  };
  auto coordinator = Coordinator::Start(options, &session).value();
  absl::Status outcome = absl::UnknownError("running");
  AddWorker(std::make_unique<Endless>(&began, &was_stopped), &outcome);
  EXPECT_TRUE(
      coordinator->Run([&began](const CoordinatorStatus&) { return began.HasBeenNotified(); })
          .ok());
  JoinWorkers();
  EXPECT_TRUE(was_stopped);
  EXPECT_TRUE(outcome.ok()) << outcome;
  EXPECT_TRUE(session.outcomes.empty());
}

TEST_F(CoordinatorTest, ADrainingWorkerDeliversAndLeaves) {
  FakeSession session(1000);
  CoordinatorOptions options = SmallCoordinatorOptions(address_);
  std::atomic<bool> drain = false;
  auto evaluator = evaluator::MakeSyntheticEvaluator(
      {.blocks = kFakeUnits, .before_operation = [&drain](int64_t ordinal) {
         if (ordinal == 4) drain = true;
         return absl::OkStatus();
       }});
  options.model_digest = evaluator->model().digest;
  auto coordinator = Coordinator::Start(options, &session).value();
  absl::Status outcome = absl::UnknownError("running");
  AddWorker(std::move(evaluator), &outcome, &drain);
  std::atomic<bool> left = false;
  std::thread watch([&] {
    JoinWorkers();
    left = true;
  });
  EXPECT_TRUE(coordinator->Run([&left](const CoordinatorStatus&) { return left.load(); }).ok());
  watch.join();
  EXPECT_TRUE(outcome.ok()) << outcome;
  EXPECT_EQ(session.outcomes.size(), 5u);
}

TEST_F(CoordinatorTest, AnEvaluatorThatFailsTwiceQuarantinesTheWorkItem) {
  FakeSession session(3);
  CoordinatorOptions options = SmallCoordinatorOptions(address_);
  auto evaluator = evaluator::MakeSyntheticEvaluator(
      {.blocks = kFakeUnits, .before_operation = [](int64_t ordinal) {
         return ordinal < 2 ? absl::InternalError("boom") : absl::OkStatus();
       }});
  options.model_digest = evaluator->model().digest;
  auto coordinator = Coordinator::Start(options, &session).value();
  absl::Status outcome;
  AddWorker(std::move(evaluator), &outcome);
  EXPECT_TRUE(coordinator->Run(nullptr).ok());
  JoinWorkers();
  const auto* failed =
      std::get_if<search::FailedOutcome>(&session.outcomes.at(MakeFakeItem(0).digest));
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->reason, "boom");
  EXPECT_EQ(session.outcomes.size(), 3u);
}

// A client that speaks the protocol by hand, badly.
TEST_F(CoordinatorTest, LateDuplicateAndUnknownResultsAreAcknowledged) {
  FakeSession session(2);
  const auto evaluator = SmallEvaluator(nullptr, kFakeUnits);
  CoordinatorOptions options = SmallCoordinatorOptions(address_);
  options.model_digest = evaluator->model().digest;
  auto coordinator = Coordinator::Start(options, &session).value();
  std::thread client([&] {
    auto stub =
        v1::Coordinator::NewStub(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
    std::string first_lease;
    evaluator::Measurement measurement;
    measurement.window_nll = {1.5, 1.5};
    measurement.mean_nll = 1.5;
    measurement.tokens = 2 * 15;
    measurement.achieved_sparsity = 0.5;
    v1::WorkerState state;
    v1::DesiredState desired;
    {
      // Takes a work item and breaks off.
      grpc::ClientContext context;
      auto stream = stub->Exchange(&context);
      *state.mutable_hello() = MakeHello("rude", *evaluator);
      EXPECT_TRUE(stream->Write(state));
      EXPECT_TRUE(stream->Read(&desired));
      first_lease = desired.lease_id();
      EXPECT_EQ(desired.item().digest(), MakeFakeItem(0).digest);
      context.TryCancel();
      stream->Finish();
    }
    // Comes back with the result on a new stream, and says it again and again.
    grpc::ClientContext context;
    auto stream = stub->Exchange(&context);
    state.set_lease_id(first_lease);
    *state.mutable_result() = EncodeResult(MakeFakeItem(0).digest, measurement);
    EXPECT_TRUE(stream->Write(state));
    state.clear_hello();
    EXPECT_TRUE(stream->Write(state));
    state.mutable_result()->set_digest("unheard of");
    EXPECT_TRUE(stream->Write(state));
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(stream->Read(&desired));
      EXPECT_EQ(desired.acknowledged_lease_id(), first_lease);
    }
    state.set_lease_id(desired.lease_id());
    *state.mutable_result() = EncodeResult(MakeFakeItem(1).digest, measurement);
    EXPECT_TRUE(stream->Write(state));
    while (stream->Read(&desired)) {
    }
    EXPECT_TRUE(desired.shut_down());
    stream->Finish();
  });
  CoordinatorStatus last;
  EXPECT_TRUE(coordinator
                  ->Run([&last](const CoordinatorStatus& status) {
                    last = status;
                    return false;
                  })
                  .ok());
  client.join();
  EXPECT_EQ(session.outcomes.size(), 2u);
  EXPECT_EQ(last.absorbed_results, 2);
}

TEST_F(CoordinatorTest, ASocketLeftByADeadCoordinatorIsReplaced) {
  const std::string path = folder_ / "s";
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  close(dead);
  FakeSession session(1);
  const auto first = Coordinator::Start(SmallCoordinatorOptions(address_), &session);
  ASSERT_TRUE(first.ok()) << first.status();
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  const auto second = Coordinator::Start(SmallCoordinatorOptions(address_), &session);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another coordinator listens on"));
}

TEST_F(CoordinatorTest, AFileOfAnotherKindIsLeftAlone) {
  const std::string path = folder_ / "s";
  close(open(path.c_str(), O_CREAT | O_WRONLY, 0600));
  FakeSession session(1);
  EXPECT_EQ(Coordinator::Start(SmallCoordinatorOptions(address_), &session).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
}

TEST_F(CoordinatorTest, AFolderThatIsNotThere) {
  FakeSession session(1);
  EXPECT_EQ(Coordinator::Start(SmallCoordinatorOptions("unix:" + (folder_ / "none/s")), &session)
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(CoordinatorTest, ImpossibleOptionsAreRefused) {
  FakeSession session(1);
  CoordinatorOptions options = SmallCoordinatorOptions(address_);
  options.lease_seconds = 2 * options.heartbeat_seconds;
  EXPECT_EQ(Coordinator::Start(options, &session).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace strata::workers
