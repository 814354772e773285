#include "workers/dispatcher.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "search/progress.h"
#include "workers/handshake.h"
#include "workers/text_check.h"

namespace strata::workers {
namespace {

constexpr double kFirstPauseSeconds = 1;  // after an infrastructure failure; doubles to the longest
constexpr double kLongestPauseSeconds = 30;

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

std::vector<SubjectDigests> SubjectsOf(const CoordinatorOptions& options) {
  std::vector<SubjectDigests> subjects = {{options.model_digest, options.text_digest}};
  subjects.insert(subjects.end(), options.further_subjects.begin(), options.further_subjects.end());
  return subjects;
}

}  // namespace

Dispatcher::Dispatcher(const CoordinatorOptions& options, search::Session* session,
                       WorkerStreams* streams)
    : options_(options),
      subjects_(SubjectsOf(options)),
      session_(session),
      streams_(streams),
      leases_({.lease_seconds = options.lease_seconds,
               .maximum_crashes_per_task = options.maximum_crashes_per_task}),
      last_reading_(options.now_seconds()) {}

absl::Status Dispatcher::Receive(WorkerId stream, const v1::WorkerState& state) {
  if (shut_down_) {
    v1::DesiredState farewell;
    farewell.set_shut_down(true);
    if (TellsToLeave()) streams_->Send(stream, farewell);
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
    return DispatchSoon();
  }
  Worker& worker = workers_.at(stream);
  available_is_stale_ |= worker.is_silent || worker.draining != state.draining();
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
    leases_.Report(stream, state.lease_id(), Now());
  }
  return DispatchSoon();
}

absl::Status Dispatcher::StreamClosed(WorkerId stream) {
  const auto found = workers_.find(stream);
  if (found == workers_.end()) return absl::OkStatus();
  const Worker worker = std::move(found->second);
  workers_.erase(found);
  available_is_stale_ = true;
  unanswered_.erase(stream);
  if (workers_.empty()) lonely_since_ = Now();
  if (shut_down_) return absl::OkStatus();
  spdlog::info("worker {} left", worker.name);
  const Lease* lease = leases_.LeaseOf(stream);
  // A worker that was leaving may have been given a task that it never saw.
  if (lease != nullptr && worker.draining && worker.reported_lease_id != lease->id) {
    leases_.Release(stream);
  }
  if (leases_.LeaseOf(stream) != nullptr) ++totals_.failures.lost_worker;
  std::string digest;
  const absl::Status status = Follow(leases_.Break(stream, &digest), digest);
  return status.ok() ? DispatchSoon() : status;
}

absl::Status Dispatcher::DispatchSoon() {
  if (!defer_) return Dispatch();
  if (!std::exchange(is_deferred_, true)) defer_();
  return absl::OkStatus();
}

absl::Status Dispatcher::Flush() {
  is_deferred_ = false;
  return Dispatch();
}

absl::Status Dispatcher::Tick() {
  CountSeconds();
  for (const WorkerId stream : leases_.Expire(Now())) {
    unanswered_.insert(stream);
    workers_.at(stream).is_silent = true;
    available_is_stale_ = true;
    spdlog::warn("worker {} was silent for {} s about its task, which goes to another",
                 workers_.at(stream).name, options_.lease_seconds);
  }
  absl::Status status = Dispatch();
  if (!status.ok()) return status;
  Hedge();
  return CheckPatience();
}

absl::Status Dispatcher::ShutDown() {
  const absl::Status stored = session_->Commit();
  shut_down_ = true;
  v1::DesiredState farewell;
  farewell.set_shut_down(TellsToLeave());
  farewell.set_heartbeat_seconds(options_.heartbeat_seconds);
  for (auto& [stream, worker] : workers_) {
    if (stored.ok()) farewell.set_acknowledged_lease_id(worker.acknowledged_lease_id);
    streams_->Send(stream, farewell);
    streams_->Close(stream);
  }
  return stored;
}

CoordinatorStatus Dispatcher::status() const {
  CoordinatorStatus status = totals_;
  status.connected_workers = static_cast<int>(workers_.size());
  status.leased_tasks = leases_.leased();
  status.waiting_tasks = leases_.waiting();
  status.reissued_tasks = leases_.reissued();
  status.hedged_tasks = leases_.hedged();
  status.workers = records_.Status();
  for (const auto& [stream, worker] : workers_) {
    const auto shown = std::lower_bound(
        status.workers.begin(), status.workers.end(), worker.name,
        [](const WorkerStatus& entry, const std::string& name) { return entry.name < name; });
    shown->connected = true;
    if (const Lease* lease = leases_.LeaseOf(stream)) shown->leased_task = lease->digest;
  }
  return status;
}

absl::StatusOr<int> Dispatcher::DrainWorkers(const std::string& name) {
  int count = 0;
  for (auto& [stream, worker] : workers_) {
    if (worker.name != name) continue;
    worker.is_sent_away = true;
    available_is_stale_ = true;
    unanswered_.insert(stream);
    ++count;
    spdlog::info("worker {} is sent away by an operator", name);
  }
  const absl::Status status = Dispatch();
  if (!status.ok()) return status;
  return count;
}

void Dispatcher::Describe(v1::StatusReply* reply) const {
  const CoordinatorStatus now = status();
  reply->set_phase(search::PhaseName(session_->engine().phase()));
  reply->set_seconds(session_->seconds_spent());
  reply->set_evaluations(now.evaluations);
  reply->set_leased_tasks(now.leased_tasks);
  reply->set_reissued_tasks(now.reissued_tasks);
  reply->set_failed_tasks(now.failed_tasks);
  reply->set_absorbed_results(now.absorbed_results);
  for (const auto& [stream, worker] : workers_) {
    v1::WorkerStatus* const described = reply->add_workers();
    described->set_name(worker.name);
    if (const Lease* lease = leases_.LeaseOf(stream)) described->set_task(lease->digest);
    described->set_is_leaving(worker.draining || worker.is_sent_away);
    described->set_is_silent(worker.is_silent);
  }
}

void Dispatcher::Refuse(WorkerId stream, const std::string& reason) {
  last_refusal_ = reason;
  ++totals_.refused_workers;
  spdlog::warn("a worker was refused: {}", reason);
  v1::DesiredState refusal;
  refusal.set_refusal(reason);
  streams_->Send(stream, refusal);
  streams_->Close(stream);
}

void Dispatcher::Dismiss(WorkerId stream, const std::string& reason) {
  leases_.Release(stream);
  workers_.erase(stream);
  available_is_stale_ = true;
  unanswered_.erase(stream);
  if (workers_.empty()) lonely_since_ = Now();
  Refuse(stream, reason);
}

bool Dispatcher::Admit(WorkerId stream, const v1::Hello& hello) {
  const std::string reason =
      workers_.contains(stream) ? "a second Hello on one stream" : RefusalOf(hello, subjects_);
  if (!reason.empty()) {
    Refuse(stream, reason);
    return false;
  }
  if (const std::string lacks = TasksRefusalOf(hello, TasksOf(options_.plan)); !lacks.empty()) {
    Refuse(stream, lacks);
    return false;
  }
  if (const std::string refusal = records_.RefusalOf(hello.worker_name()); !refusal.empty()) {
    Refuse(stream, refusal);
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
  workers_[stream].held = HeldSubjects(hello, subjects_);
  leases_.SetHeld(hello.worker_name(), workers_[stream].held);
  records_.Know(hello.worker_name());
  available_is_stale_ = true;
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
      DecodeResult(result, task->task, options_.plan,
                   session_->engine().features(SubjectOf(task->task)).parameters());
  if (!received.ok()) {
    return HandleFailure(
        stream, state,
        {FailureKind::kEvaluation, "bad result: " + std::string(received.status().message())});
  }
  if (const auto* failure = std::get_if<TaskFailure>(&received->outcome)) {
    return HandleFailure(stream, state, *failure);
  }
  workers_.at(stream).infrastructure_failures = 0;
  records_.CountSuccess(workers_.at(stream).name);
  if (const Lease* lease = leases_.LeaseOf(stream);
      lease != nullptr && lease->digest == result.digest()) {
    durations_.Add(task->task, Now() - lease->started_at);
  }
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
    const absl::Status status = session_->Record(task, outcome);
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
    worker.free_at = Now() + std::min(pause, kLongestPauseSeconds);
    ++worker.infrastructure_failures;
  }
  const Decision decision = leases_.Fail(state.lease_id(), digest, worker.name, AvailableWorkers(),
                                         failure.kind, failure.message);
  if (failure.kind != FailureKind::kInfrastructure && decision.kind != Decision::kAbsorbed) {
    records_.CountFailure(worker.name);
  }
  if (decision.kind == Decision::kAbsorbed) {
    ++totals_.absorbed_results;
  } else {
    CountFailure(failure.kind);
  }
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

void Dispatcher::DismissBrokenWorkers() {
  std::map<WorkerId, std::string> broken;
  for (const auto& [stream, worker] : workers_) {
    if (records_.IsBroken(worker.name)) broken[stream] = records_.RefusalOf(worker.name);
  }
  for (const auto& [stream, reason] : broken) Dismiss(stream, reason);
}

const std::set<std::string>& Dispatcher::AvailableWorkers() {
  if (std::exchange(available_is_stale_, false)) {
    available_.clear();
    for (const auto& [stream, worker] : workers_) {
      if (!worker.draining && !worker.is_silent && !worker.is_sent_away) {
        available_.insert(worker.name);
      }
    }
  }
  return available_;
}

void Dispatcher::CountFailure(FailureKind kind) {
  FailureCounts& counts = totals_.failures;
  switch (kind) {
    case FailureKind::kInfrastructure:
      ++counts.infrastructure;
      break;
    case FailureKind::kEvaluation:
      ++counts.evaluation;
      break;
    case FailureKind::kInvalidTask:
      ++counts.invalid_task;
      break;
    case FailureKind::kCrash:
      ++counts.crash;
      break;
    case FailureKind::kTimeLimit:
      ++counts.time_limit;
      break;
    case FailureKind::kMemoryLimit:
      ++counts.memory_limit;
      break;
  }
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

absl::StatusOr<bool> Dispatcher::FetchTask(const std::string& worker_name) {
  for (;;) {
    const bool has_task = worker_name.empty()
                              ? leases_.has_waiting()
                              : leases_.HasWaitingFor(worker_name, AvailableWorkers());
    if (has_task) return true;
    if (done_) return false;
    const absl::StatusOr<search::SessionAction> action = session_->Next();
    if (!action.ok()) return action.status();
    const auto* task = std::get_if<search::SessionTask>(&*action);
    done_ = std::holds_alternative<search::Done>(*action);
    if (task == nullptr) return false;
    leases_.Add(*task);
  }
}

bool Dispatcher::CanTakeTask(WorkerId stream, const Worker& worker, double now) {
  return leases_.LeaseOf(stream) == nullptr && AvailableWorkers().contains(worker.name) &&
         worker.free_at <= now;
}

absl::Status Dispatcher::Dispatch() {
  const double now = Now();
  // A finished search is found out without any worker.
  bool session_has_tasks = true;
  if (workers_.empty()) {
    const absl::StatusOr<bool> fetched = FetchTask("");
    if (!fetched.ok()) return fetched.status();
  }
  for (auto& [stream, worker] : workers_) {
    if (!session_has_tasks && !leases_.has_waiting()) break;
    if (!CanTakeTask(stream, worker, now)) continue;
    if (session_has_tasks) {
      const absl::StatusOr<bool> fetched = FetchTask(worker.name);
      if (!fetched.ok()) return fetched.status();
      session_has_tasks = *fetched;
    }
    if (leases_.Grant(stream, now, worker.name, AvailableWorkers()) != nullptr) {
      unanswered_.insert(stream);
    }
  }
  // A result is acknowledged only once it is stored.
  const absl::Status stored = session_->Commit();
  if (stored.ok()) AnswerWorkers();
  return stored;
}

void Dispatcher::Hedge() {
  if (options_.hedge_factor <= 0 || done_ || leases_.leased() == 0) return;
  const double now = Now();
  const auto slow_seconds = [this](const search::Task& task) {
    const std::optional<double> typical = durations_.Of(task);
    return typical.has_value()
               ? std::max(options_.hedge_minimum_seconds, options_.hedge_factor * *typical)
               : std::numeric_limits<double>::infinity();
  };
  for (const auto& [stream, worker] : workers_) {
    if (!CanTakeTask(stream, worker, now)) continue;
    const Lease* lease = leases_.Hedge(stream, now, worker.name, slow_seconds);
    if (lease == nullptr) continue;
    unanswered_.insert(stream);
    spdlog::info("task {} is slow: worker {} begins it too", lease->digest, worker.name);
  }
  AnswerWorkers();
}

void Dispatcher::AnswerWorkers() {
  for (const WorkerId stream : std::exchange(unanswered_, {})) {
    const auto found = workers_.find(stream);
    if (found == workers_.end()) continue;
    streams_->Send(stream, DesiredStateOf(stream, &found->second));
    found->second.acknowledged_lease_id.clear();
  }
}

bool Dispatcher::TellsToLeave() const { return done_ || !options_.workers_outlive_it; }

void Dispatcher::CountSeconds() {
  const double now = Now();
  const double seconds = now - std::exchange(counted_until_, now);
  for (const auto& [stream, worker] : workers_) {
    records_.CountSeconds(worker.name, seconds, leases_.LeaseOf(stream) != nullptr);
  }
}

double Dispatcher::Now() {
  const double reading = options_.now_seconds();
  elapsed_seconds_ += std::max(0.0, reading - std::exchange(last_reading_, reading));
  return elapsed_seconds_;
}

int Dispatcher::UnheldSubject() const {
  for (const int subject : leases_.WaitingSubjects()) {
    const bool is_held = std::any_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
      return entry.second.held.contains(subject);
    });
    if (!is_held) return subject;
  }
  return -1;
}

absl::Status Dispatcher::CheckPatience() {
  const int unheld = done_ || workers_.empty() ? -1 : UnheldSubject();
  if (unheld < 0) {
    unheld_since_.reset();
  } else if (!unheld_since_) {
    unheld_since_ = Now();
  } else if (Now() - *unheld_since_ >= options_.no_worker_seconds) {
    const SubjectDigests& subject = subjects_[static_cast<size_t>(unheld)];
    return absl::UnavailableError(
        fmt::format("work is waiting and for {} s no connected worker has had the model {} and the "
                    "text {}",
                    options_.no_worker_seconds, subject.model, subject.text));
  }
  if (done_ || !workers_.empty()) return absl::OkStatus();
  if (Now() - lonely_since_ < options_.no_worker_seconds) return absl::OkStatus();
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
      const search::SessionTask& task = *leases_.FindOpen(lease->digest);
      *desired.mutable_task() = EncodeTask(
          task, options_.plan, subjects_[static_cast<size_t>(search::SubjectOf(task.task))]);
    }
  } else if (worker->is_sent_away) {
    desired.set_shut_down(true);
  }
  return desired;
}

}  // namespace strata::workers
