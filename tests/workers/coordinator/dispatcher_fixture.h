// Runs a dispatcher without a network: tests send it messages and see what it answers.
#ifndef STRATA_TESTS_WORKERS_COORDINATOR_DISPATCHER_FIXTURE_H_
#define STRATA_TESTS_WORKERS_COORDINATOR_DISPATCHER_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/workers/coordinator/fake_session.h"
#include "tests/workers/small_search.h"
#include "workers/coordinator/dispatcher.h"
#include "workers/wire/handshake.h"

namespace strata::workers {

class RecordingStreams : public WorkerStreams {
 public:
  void Send(WorkerId stream, const v1::DesiredState& desired) override {
    sent[stream].push_back(desired);
  }
  void Close(WorkerId stream) override { closed.insert(stream); }

  std::map<WorkerId, std::vector<v1::DesiredState>> sent;
  std::set<WorkerId> closed;
};

// Workers have numbers. Each speaks on a stream of the same number.
class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() : evaluator_(SmallEvaluator(nullptr, kFakeUnits)) {
    options_.address = "unix:/somewhere";
    options_.model_digest = evaluator_->model().digest;
    options_.text_digest = evaluator_->text_digest();
    options_.plan.search = {.windows = 2, .window_tokens = 16};
    options_.lease_seconds = 30;
    options_.no_worker_seconds = 60;
    options_.now_seconds = [this] { return now_; };
  }

  void Begin(int64_t items) {
    session_ = std::make_unique<FakeSession>(items);
    dispatcher_ = std::make_unique<Dispatcher>(options_, session_.get(), &streams_);
  }

  void Join(WorkerId worker, const std::string& lease_id = "") {
    v1::WorkerState state;
    *state.mutable_hello() = MakeHello(fmt::format("worker-{}", worker), *evaluator_);
    state.set_lease_id(lease_id);
    EXPECT_TRUE(dispatcher_->Receive(worker, state).ok());
  }

  // Sends a message and then the next one, which answers the reply as a living worker would.
  absl::Status Heartbeat(WorkerId worker, const std::string& lease_id, bool draining = false) {
    v1::WorkerState state;
    state.set_lease_id(lease_id);
    state.set_draining(draining);
    state.set_heard_at_seconds(HeardAt(worker));
    absl::Status status = dispatcher_->Receive(worker, state);
    if (!status.ok() || streams_.closed.contains(worker)) return status;
    state.set_heard_at_seconds(HeardAt(worker));
    return dispatcher_->Receive(worker, state);
  }

  double HeardAt(WorkerId worker) {
    const std::vector<v1::DesiredState>& sent = streams_.sent[worker];
    return sent.empty() ? 0 : sent.back().sent_at_seconds();
  }

  absl::Status Deliver(WorkerId worker, const std::string& lease_id, v1::Result result) {
    v1::WorkerState state;
    state.set_lease_id(lease_id);
    state.set_heard_at_seconds(HeardAt(worker));
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

  static std::string Digest(int64_t number) { return MakeFakeItem(number).digest; }
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

}  // namespace strata::workers

#endif  // STRATA_TESTS_WORKERS_COORDINATOR_DISPATCHER_FIXTURE_H_
