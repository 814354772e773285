#include "workers/dispatcher.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "workers/handshake.h"
#include "workers/text_check.h"

namespace strata::workers {
namespace {

constexpr double kFirstPauseSeconds = 1;  // after an infrastructure failure; doubles to the longest
constexpr double kLongestPauseSeconds = 30;
constexpr int kMaximumFailuresInARow = 10;  // of a worker, while others succeed

// Why a message cannot be taken, or empty.
std::string OversizedField(const v1::WorkerState& state) {
  const auto problem_of = [](const char* field, const std::string& value) {
    return value.size() <= kMaximumNameBytes
               ? std::string()
               : fmt::format("{}: expected at most {} bytes, found {}", field, kMaximumNameBytes,
                             value.size());
  };
  const std::string problem = problem_of("lease_id", state.lease_id());
  return problem.empty() ? problem_of("result.digest", state.result().digest()) : problem;
}

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
  const std::string oversized = OversizedField(state);
  if (!oversized.empty()) {
    Dismiss(stream, oversized);
    return Dispatch();
  }
  Worker& worker = workers_.at(stream);
  worker.is_silent = false;
  worker.draining = state.draining();
  worker.reported_lease_id = state.lease_id();
  unanswered_.insert(stream);
  if (state.has_result()) {
    const absl::Status status = ReceiveResult(stream, state);
    if (!status.ok()) return status;
    worker.reported_lease_id.clear();
    worker.acknowledged_lease_id = state.lease_id();
    DismissBrokenWorkers();
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
    workers_.at(stream).is_silent = true;
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

void Dispatcher::Dismiss(WorkerId stream, const std::string& reason) {
  leases_.Release(stream);
  workers_.erase(stream);
  unanswered_.erase(stream);
  if (workers_.empty()) lonely_since_ = options_.now_seconds();
  Refuse(stream, reason);
}

bool Dispatcher::Admit(WorkerId stream, const v1::Hello& hello) {
  const std::string reason = workers_.contains(stream)
                                 ? "a second Hello on one stream"
                                 : RefusalOf(hello, options_.model_digest, options_.text_digest);
  if (!reason.empty()) {
    Refuse(stream, reason);
    return false;
  }
  const auto record = records_.find(hello.worker_name());
  if (record != records_.end() && !record->second.refusal.empty()) {
    Refuse(stream, record->second.refusal);
    return false;
  }
  // The same worker on a new stream, the old one not yet known to be broken. Should it be another
  // worker by the same name, the refusal keeps the two from driving each other out for ever.
  const auto former = std::find_if(workers_.begin(), workers_.end(), [&](const auto& entry) {
    return entry.second.name == hello.worker_name();
  });
  if (former != workers_.end()) {
    const WorkerId former_stream = former->first;
    Dismiss(former_stream, fmt::format("worker name: expected one that no other worker has, found "
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
                 Printable(result.digest()));
    return absl::OkStatus();
  }
  const absl::StatusOr<ReceivedResult> received =
      DecodeResult(result, task->task, options_.plan, session_->engine().features().parameters());
  if (!received.ok()) {
    return HandleFailure(
        stream, state,
        {FailureKind::kEvaluation, "bad result: " + std::string(received.status().message())});
  }
  if (const auto* failure = std::get_if<TaskFailure>(&received->outcome)) {
    return HandleFailure(stream, state, *failure);
  }
  workers_.at(stream).infrastructure_failures = 0;
  CountSuccess(workers_.at(stream).name);
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
  const Decision decision = leases_.Fail(state.lease_id(), digest, worker.name, AvailableWorkers(),
                                         failure.kind, failure.message);
  if (failure.kind != FailureKind::kInfrastructure && decision.kind != Decision::kAbsorbed) {
    ++records_[worker.name].failures_in_a_row;
  }
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

void Dispatcher::CountSuccess(const std::string& worker_name) {
  records_[worker_name] = {};
  for (auto& [name, record] : records_) {
    if (name != worker_name && record.failures_in_a_row > 0) record.another_succeeded = true;
  }
}

void Dispatcher::DismissBrokenWorkers() {
  std::map<WorkerId, std::string> broken;
  for (const auto& [stream, worker] : workers_) {
    Record& record = records_[worker.name];
    if (record.failures_in_a_row < kMaximumFailuresInARow || !record.another_succeeded) continue;
    record.refusal = fmt::format(
        "worker {} failed {} evaluations in a row while another worker succeeded: it gets no more "
        "tasks in this run",
        worker.name, record.failures_in_a_row);
    broken[stream] = record.refusal;
  }
  for (const auto& [stream, reason] : broken) Dismiss(stream, reason);
}

std::set<std::string> Dispatcher::AvailableWorkers() const {
  std::set<std::string> names;
  for (const auto& [stream, worker] : workers_) {
    if (!worker.draining && !worker.is_silent) names.insert(worker.name);
  }
  return names;
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

absl::Status Dispatcher::FetchTask(const std::string& worker_name,
                                   const std::set<std::string>& available) {
  const bool has_task =
      worker_name.empty() ? leases_.has_waiting() : leases_.HasWaitingFor(worker_name, available);
  if (has_task || done_) return absl::OkStatus();
  const absl::StatusOr<search::SessionAction> action = session_->Next();
  if (!action.ok()) return action.status();
  if (const auto* task = std::get_if<search::SessionTask>(&*action)) leases_.Add(*task);
  done_ = std::holds_alternative<search::Done>(*action);
  return absl::OkStatus();
}

absl::Status Dispatcher::Dispatch() {
  const double now = options_.now_seconds();
  const std::set<std::string> available = AvailableWorkers();
  if (workers_.empty()) {
    // A finished search is found out without any worker.
    const absl::Status status = FetchTask("", available);
    if (!status.ok()) return status;
  }
  for (auto& [stream, worker] : workers_) {
    if (leases_.LeaseOf(stream) != nullptr || !available.contains(worker.name) ||
        worker.free_at > now) {
      continue;
    }
    const absl::Status status = FetchTask(worker.name, available);
    if (!status.ok()) return status;
    if (leases_.Grant(stream, now, worker.name, available) != nullptr) unanswered_.insert(stream);
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
