#include "workers/dispatcher.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "workers/handshake.h"

namespace strata::workers {
namespace {

constexpr double kFirstPauseSeconds = 1;  // after an infrastructure failure; doubles to the longest
constexpr double kLongestPauseSeconds = 30;

}  // namespace

Dispatcher::Dispatcher(const CoordinatorOptions& options, search::Session* session,
                       WorkerStreams* streams)
    : options_(options),
      session_(session),
      streams_(streams),
      leases_({.lease_seconds = options.lease_seconds,
               .maximum_crashes_per_task = options.maximum_crashes_per_task}),
      lonely_since_(options.now_seconds()) {}

absl::Status Dispatcher::Receive(WorkerId stream, const v1::WorkerState& state) {
  if (shut_down_) {
    v1::DesiredState farewell;
    farewell.set_shut_down(true);
    streams_->Send(stream, farewell);
    streams_->Close(stream);
    return absl::OkStatus();
  }
  if (state.has_hello() ? !Admit(stream, state.hello()) : !workers_.contains(stream)) {
    if (!state.has_hello()) Refuse(stream, "first message: expected a Hello, found none");
    return absl::OkStatus();
  }
  Worker& worker = workers_.at(stream);
  worker.draining = state.draining();
  worker.reported_lease_id = state.lease_id();
  unanswered_.insert(stream);
  if (state.has_result()) {
    const absl::Status status = ReceiveResult(stream, state);
    if (!status.ok()) return status;
    worker.reported_lease_id.clear();
    worker.acknowledged_lease_id = state.lease_id();
  } else if (!state.lease_id().empty()) {
    leases_.Report(stream, state.lease_id(), options_.now_seconds());
  }
  return Dispatch();
}

absl::Status Dispatcher::StreamClosed(WorkerId stream) {
  const auto found = workers_.find(stream);
  if (found == workers_.end()) return absl::OkStatus();
  const Worker worker = std::move(found->second);
  workers_.erase(found);
  unanswered_.erase(stream);
  if (workers_.empty()) lonely_since_ = options_.now_seconds();
  if (shut_down_) return absl::OkStatus();
  spdlog::info("worker {} left", worker.name);
  const Lease* lease = leases_.LeaseOf(stream);
  // A worker that was leaving may have been given a task that it never saw.
  if (lease != nullptr && worker.draining && worker.reported_lease_id != lease->id) {
    leases_.Release(stream);
  }
  std::string digest;
  const absl::Status status = Follow(leases_.Break(stream, &digest), digest);
  return status.ok() ? Dispatch() : status;
}

absl::Status Dispatcher::Tick() {
  for (const WorkerId stream : leases_.Expire(options_.now_seconds())) {
    unanswered_.insert(stream);
    spdlog::warn("worker {} was silent for {} s about its task, which goes to another",
                 workers_.at(stream).name, options_.lease_seconds);
  }
  const absl::Status status = Dispatch();
  return status.ok() ? CheckPatience() : status;
}

void Dispatcher::ShutDown() {
  shut_down_ = true;
  v1::DesiredState farewell;
  farewell.set_shut_down(true);
  for (auto& [stream, worker] : workers_) {
    farewell.set_acknowledged_lease_id(worker.acknowledged_lease_id);
    streams_->Send(stream, farewell);
    streams_->Close(stream);
  }
}

CoordinatorStatus Dispatcher::status() const {
  CoordinatorStatus status = totals_;
  status.connected_workers = static_cast<int>(workers_.size());
  status.leased_tasks = leases_.leased();
  status.reissued_tasks = leases_.reissued();
  return status;
}

void Dispatcher::Refuse(WorkerId stream, const std::string& reason) {
  last_refusal_ = reason;
  spdlog::warn("a worker was refused: {}", reason);
  v1::DesiredState refusal;
  refusal.set_refusal(reason);
  streams_->Send(stream, refusal);
  streams_->Close(stream);
}

bool Dispatcher::Admit(WorkerId stream, const v1::Hello& hello) {
  const std::string reason = workers_.contains(stream)
                                 ? "a second Hello on one stream"
                                 : RefusalOf(hello, options_.model_digest, options_.text_digest);
  if (!reason.empty()) {
    Refuse(stream, reason);
    return false;
  }
  // The same worker on a new stream, the old one not yet known to be broken. Should it be another
  // worker by the same name, the refusal keeps the two from driving each other out for ever.
  const auto former = std::find_if(workers_.begin(), workers_.end(), [&](const auto& entry) {
    return entry.second.name == hello.worker_name();
  });
  if (former != workers_.end()) {
    const WorkerId former_stream = former->first;
    leases_.Release(former_stream);
    workers_.erase(former);
    unanswered_.erase(former_stream);
    Refuse(former_stream, fmt::format("worker name: expected one that no other worker has, found "
                                      "another worker called {}",
                                      hello.worker_name()));
  }
  workers_[stream].name = hello.worker_name();
  spdlog::info("worker {} joined", hello.worker_name());
  return true;
}

absl::Status Dispatcher::ReceiveResult(WorkerId stream, const v1::WorkerState& state) {
  const v1::Result& result = state.result();
  const search::SessionTask* task = leases_.FindOpen(result.digest());
  if (task == nullptr) {
    ++totals_.absorbed_results;
    spdlog::info("worker {} sent a result of {} task {}: ignored", workers_.at(stream).name,
                 leases_.WasCompleted(result.digest()) ? "the completed" : "an unknown",
                 result.digest());
    return absl::OkStatus();
  }
  const int units = session_->engine().features().units();
  const absl::StatusOr<ReceivedResult> received = DecodeResult(result, task->task, units);
  if (!received.ok()) {
    return HandleFailure(
        stream, state,
        {FailureKind::kEvaluation, "bad result: " + std::string(received.status().message())});
  }
  if (const auto* failure = std::get_if<TaskFailure>(&received->outcome)) {
    return HandleFailure(stream, state, *failure);
  }
  workers_.at(stream).infrastructure_failures = 0;
  if (const auto* profile = std::get_if<search::ProfileOutcome>(&received->outcome)) {
    return Conclude(result.digest(), *profile);
  }
  CountMeasurement(result.digest(), received->seconds, workers_.at(stream).name);
  return Conclude(result.digest(), std::get<search::EvaluateOutcome>(received->outcome));
}

absl::Status Dispatcher::Conclude(const std::string& digest, const search::Outcome& outcome) {
  std::vector<WorkerId> stopped;
  const std::vector<search::SessionTask> tasks = leases_.Complete(digest, &stopped);
  unanswered_.insert(stopped.begin(), stopped.end());
  for (const search::SessionTask& task : tasks) {
    const absl::Status status = session_->Complete(task, outcome);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Dispatcher::HandleFailure(WorkerId stream, const v1::WorkerState& state,
                                       const TaskFailure& failure) {
  Worker& worker = workers_.at(stream);
  const std::string& digest = state.result().digest();
  spdlog::warn("worker {} failed on task {}: {}", worker.name, digest, failure.message);
  if (failure.kind == FailureKind::kInfrastructure) {
    const double pause = kFirstPauseSeconds * std::exp2(worker.infrastructure_failures);
    worker.free_at = options_.now_seconds() + std::min(pause, kLongestPauseSeconds);
    ++worker.infrastructure_failures;
  }
  const Decision decision = leases_.Fail(state.lease_id(), digest, failure.kind, failure.message);
  if (decision.kind == Decision::kAbsorbed) ++totals_.absorbed_results;
  return Follow(decision, digest);
}

absl::Status Dispatcher::Follow(const Decision& decision, const std::string& digest) {
  switch (decision.kind) {
    case Decision::kAbsorbed:
    case Decision::kRetry:
      return absl::OkStatus();
    case Decision::kTaskFailed:
      ++totals_.failed_tasks;
      spdlog::error("task {} failed for good: {}", digest, decision.reason);
      return Conclude(digest, search::FailedOutcome{decision.reason});
    case Decision::kGiveUp:
      return absl::UnavailableError(decision.reason);
  }
  return absl::OkStatus();
}

void Dispatcher::CountMeasurement(const std::string& digest, const evaluator::StageSeconds& seconds,
                                  const std::string& worker_name) {
  ++totals_.evaluations;
  totals_.total_stage_seconds.prune += seconds.prune;
  totals_.total_stage_seconds.forward += seconds.forward;
  totals_.total_stage_seconds.loss += seconds.loss;
  spdlog::debug("task {} measured by {}: prune {:.3f} s, forward {:.3f} s, loss {:.3f} s", digest,
                worker_name, seconds.prune, seconds.forward, seconds.loss);
}

absl::Status Dispatcher::FetchTask(bool* has_task) {
  *has_task = leases_.has_waiting();
  if (*has_task || done_) return absl::OkStatus();
  const absl::StatusOr<search::SessionAction> action = session_->Next();
  if (!action.ok()) return action.status();
  if (const auto* task = std::get_if<search::SessionTask>(&*action)) leases_.Add(*task);
  done_ = std::holds_alternative<search::Done>(*action);
  *has_task = leases_.has_waiting();
  return absl::OkStatus();
}

absl::Status Dispatcher::Dispatch() {
  const double now = options_.now_seconds();
  bool has_task = true;
  if (workers_.empty()) {
    // A finished search is found out without any worker.
    const absl::Status status = FetchTask(&has_task);
    if (!status.ok()) return status;
  }
  for (auto& [stream, worker] : workers_) {
    if (leases_.LeaseOf(stream) != nullptr || worker.draining || worker.free_at > now) continue;
    const absl::Status status = FetchTask(&has_task);
    if (!status.ok()) return status;
    if (!has_task) break;
    leases_.Grant(stream, now);
    unanswered_.insert(stream);
  }
  for (const WorkerId stream : std::exchange(unanswered_, {})) {
    const auto found = workers_.find(stream);
    if (found == workers_.end()) continue;
    streams_->Send(stream, DesiredStateOf(stream, &found->second));
    found->second.acknowledged_lease_id.clear();
  }
  return absl::OkStatus();
}

absl::Status Dispatcher::CheckPatience() const {
  if (done_ || !workers_.empty()) return absl::OkStatus();
  if (options_.now_seconds() - lonely_since_ < options_.no_worker_seconds) return absl::OkStatus();
  return absl::UnavailableError(fmt::format(
      "work is waiting and no worker has been connected to {} for {} s{}", options_.address,
      options_.no_worker_seconds,
      last_refusal_.empty() ? "" : fmt::format("; the last one was refused: {}", last_refusal_)));
}

v1::DesiredState Dispatcher::DesiredStateOf(WorkerId stream, Worker* worker) const {
  v1::DesiredState desired;
  desired.set_heartbeat_seconds(options_.heartbeat_seconds);
  desired.set_acknowledged_lease_id(worker->acknowledged_lease_id);
  if (const Lease* lease = leases_.LeaseOf(stream)) {
    desired.set_lease_id(lease->id);
    if (worker->reported_lease_id != lease->id) {
      *desired.mutable_task() = EncodeTask(*leases_.FindOpen(lease->digest), options_.plan);
    }
  }
  return desired;
}

}  // namespace strata::workers
