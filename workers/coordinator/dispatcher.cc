#include "workers/coordinator/dispatcher.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "expr/status_macros.h"
#include "workers/wire/field_checks.h"
#include "workers/wire/handshake.h"

namespace strata::workers {
namespace {

// Returns why a field of a message is too long, or an empty text.
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
               .maximum_machine_faults_per_item = options.maximum_machine_faults_per_item}),
      last_reading_(options.now_seconds()),
      patience_(options.no_worker_seconds, options.address) {}

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
  std::string problem = OversizedField(state);
  if (problem.empty()) problem = HearingProblem(stream, state);
  if (!problem.empty()) {
    Dismiss(stream, problem);
    return DispatchSoon();
  }
  workers_.SetSilent(stream, false);
  workers_.SetDraining(stream, state.draining());
  ConnectedWorker& worker = workers_.at(stream);
  worker.reported_lease_id = state.lease_id();
  unanswered_.insert(stream);
  if (state.has_result()) {
    const absl::Status status = ReceiveResult(stream, state);
    if (!status.ok()) return status;
    worker.reported_lease_id.clear();
    worker.acknowledged_lease_id = state.lease_id();
    DismissBrokenWorkers();
  } else if (!state.lease_id().empty()) {
    leases_.Report(stream, state.lease_id(), ContactOf(worker));
  }
  return DispatchSoon();
}

std::string Dispatcher::HearingProblem(WorkerId stream, const v1::WorkerState& state) {
  const double heard_at = state.heard_at_seconds();
  const double now = Now();
  if (!(heard_at >= 0 && heard_at <= now)) {
    return fmt::format(
        "heard_at_seconds: expected a time that this coordinator sent, at most {}, "
        "found {}",
        now, heard_at);
  }
  double& alive_at = workers_.at(stream).alive_at;
  alive_at = std::max(alive_at, heard_at);
  return "";
}

Contact Dispatcher::ContactOf(const ConnectedWorker& worker) {
  return {.now = Now(), .alive_at = worker.alive_at};
}

absl::Status Dispatcher::StreamClosed(WorkerId stream) {
  const std::optional<ConnectedWorker> worker = Forget(stream);
  if (!worker || shut_down_) return absl::OkStatus();
  spdlog::info("worker {} left", worker->name);
  const Lease* lease = leases_.LeaseOf(stream);
  // A worker that was leaving may have been given a work item that it never saw.
  if (lease != nullptr && worker->is_draining && worker->reported_lease_id != lease->id) {
    leases_.Release(stream);
  }
  if (leases_.LeaseOf(stream) != nullptr) ++totals_.failures.lost_worker;
  std::string digest;
  const Decision decision = leases_.Break(stream, worker->name, workers_.Available(), &digest);
  const absl::Status status = Follow(decision, digest);
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
  workers_.EndBenches(Now());
  for (const WorkerId stream : leases_.Expire(Now())) {
    unanswered_.insert(stream);
    workers_.SetSilent(stream, true);
    spdlog::warn("worker {} was silent for {} s about its work item, which goes to another",
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
  for (const auto& [stream, worker] : workers_.all()) {
    if (stored.ok()) farewell.set_acknowledged_lease_id(worker.acknowledged_lease_id);
    streams_->Send(stream, farewell);
    streams_->Close(stream);
  }
  return stored;
}

absl::StatusOr<int> Dispatcher::DrainWorkers(const std::string& name) {
  int count = 0;
  for (const auto& [stream, worker] : workers_.all()) {
    if (worker.name != name) continue;
    workers_.SendAway(stream);
    unanswered_.insert(stream);
    ++count;
    spdlog::info("worker {} is sent away by an operator", name);
  }
  const absl::Status status = Dispatch();
  if (!status.ok()) return status;
  return count;
}

void Dispatcher::Refuse(WorkerId stream, const std::string& reason) {
  patience_.WorkerRefused(reason);
  ++totals_.refused_workers;
  spdlog::warn("a worker was refused: {}", reason);
  v1::DesiredState refusal;
  refusal.set_refusal(reason);
  streams_->Send(stream, refusal);
  streams_->Close(stream);
}

void Dispatcher::Dismiss(WorkerId stream, const std::string& reason) {
  leases_.Release(stream);
  Forget(stream);
  Refuse(stream, reason);
}

std::optional<ConnectedWorker> Dispatcher::Forget(WorkerId stream) {
  std::optional<ConnectedWorker> worker = workers_.Remove(stream);
  if (!worker) return worker;
  unanswered_.erase(stream);
  if (workers_.empty()) patience_.LastWorkerLeft(Now());
  return worker;
}

bool Dispatcher::Admit(WorkerId stream, const v1::Hello& hello) {
  std::string reason =
      workers_.contains(stream) ? "a second Hello on one stream" : RefusalOf(hello, subjects_);
  if (reason.empty()) reason = TasksRefusalOf(hello, TasksOf(options_.plan));
  if (reason.empty()) reason = records_.RefusalOf(hello.worker_name());
  if (!reason.empty()) {
    Refuse(stream, reason);
    return false;
  }
  // Usually this is the same worker on a new stream, whose old stream is not yet known to be
  // broken. If it is another worker of the same name, the refusal keeps the two from driving each
  // other out for ever.
  if (const std::optional<WorkerId> former = workers_.StreamOf(hello.worker_name())) {
    Dismiss(*former, fmt::format("worker name: expected one that no other worker has, found "
                                 "another worker called {}",
                                 hello.worker_name()));
  }
  workers_.Add(
      stream,
      {.name = hello.worker_name(), .held = HeldSubjects(hello, subjects_), .alive_at = Now()});
  leases_.SetHeld(hello.worker_name(), workers_.at(stream).held);
  records_.Know(hello.worker_name());
  spdlog::info("worker {} joined", hello.worker_name());
  return true;
}

absl::StatusOr<bool> Dispatcher::FetchItem(const std::string& worker_name) {
  for (;;) {
    const bool has_item = worker_name.empty()
                              ? leases_.has_waiting()
                              : leases_.HasWaitingFor(worker_name, workers_.Available());
    if (has_item) return true;
    if (done_) return false;
    STRATA_ASSIGN_OR_RETURN(const search::SessionAction action, session_->Next());
    const auto* item = std::get_if<search::SessionItem>(&action);
    done_ = std::holds_alternative<search::Done>(action);
    if (item == nullptr) return false;
    leases_.Add(*item);
  }
}

bool Dispatcher::CanTakeWork(WorkerId stream, const ConnectedWorker& worker, double now) {
  return leases_.LeaseOf(stream) == nullptr && workers_.Available().contains(worker.name) &&
         worker.free_at <= now && leases_.IsAlive({.now = now, .alive_at = worker.alive_at});
}

absl::Status Dispatcher::Dispatch() {
  const double now = Now();
  // The end of the search must be noticed even if no worker is connected.
  bool session_has_work = true;
  if (workers_.empty()) {
    STRATA_RETURN_IF_ERROR(FetchItem("").status());
  }
  for (const auto& [stream, worker] : workers_.all()) {
    if (!session_has_work && !leases_.has_waiting()) break;
    if (!CanTakeWork(stream, worker, now)) continue;
    if (session_has_work) {
      STRATA_ASSIGN_OR_RETURN(const bool fetched, FetchItem(worker.name));
      session_has_work = fetched;
    }
    if (leases_.Grant(stream, ContactOf(worker), worker.name, workers_.Available()) != nullptr) {
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
  const auto slow_seconds = [this](const search::WorkItem& item) {
    const std::optional<double> typical = durations_.Of(item);
    return typical.has_value()
               ? std::max(options_.hedge_minimum_seconds, options_.hedge_factor * *typical)
               : std::numeric_limits<double>::infinity();
  };
  for (const auto& [stream, worker] : workers_.all()) {
    if (!CanTakeWork(stream, worker, now)) continue;
    const Lease* lease = leases_.Hedge(stream, ContactOf(worker), worker.name, slow_seconds);
    if (lease == nullptr) continue;
    unanswered_.insert(stream);
    spdlog::info("work item {} is slow: worker {} begins it too", lease->digest, worker.name);
  }
  AnswerWorkers();
}

void Dispatcher::AnswerWorkers() {
  for (const WorkerId stream : std::exchange(unanswered_, {})) {
    if (!workers_.contains(stream)) continue;
    ConnectedWorker& worker = workers_.at(stream);
    v1::DesiredState desired = DesiredStateOf(stream, worker);
    desired.set_sent_at_seconds(Now());
    streams_->Send(stream, desired);
    worker.acknowledged_lease_id.clear();
  }
}

bool Dispatcher::TellsToLeave() const { return done_ || !options_.workers_outlive_it; }

void Dispatcher::CountSeconds() {
  const double now = Now();
  const double seconds = now - std::exchange(counted_until_, now);
  for (const auto& [stream, worker] : workers_.all()) {
    records_.CountSeconds(worker.name, seconds, leases_.LeaseOf(stream) != nullptr);
  }
}

double Dispatcher::Now() {
  const double reading = options_.now_seconds();
  elapsed_seconds_ += std::max(0.0, reading - std::exchange(last_reading_, reading));
  return elapsed_seconds_;
}

const SubjectDigests* Dispatcher::UnheldSubject() const {
  for (const int subject : leases_.WaitingSubjects()) {
    if (!workers_.IsHeld(subject)) return &subjects_[static_cast<size_t>(subject)];
  }
  return nullptr;
}

absl::Status Dispatcher::CheckPatience() {
  if (done_) return absl::OkStatus();
  return patience_.Check(Now(), !workers_.empty(), UnheldSubject());
}

v1::DesiredState Dispatcher::DesiredStateOf(WorkerId stream, const ConnectedWorker& worker) const {
  v1::DesiredState desired;
  desired.set_heartbeat_seconds(options_.heartbeat_seconds);
  desired.set_acknowledged_lease_id(worker.acknowledged_lease_id);
  if (const Lease* lease = leases_.LeaseOf(stream)) {
    desired.set_lease_id(lease->id);
    if (worker.reported_lease_id != lease->id) {
      const search::SessionItem& item = *leases_.FindOpen(lease->digest);
      *desired.mutable_item() = EncodeWorkItem(
          item, options_.plan, subjects_[static_cast<size_t>(search::SubjectOf(item.item))]);
    }
  } else if (worker.is_sent_away) {
    desired.set_shut_down(true);
  } else if (leases_.MayReturn(worker.reported_lease_id)) {
    // The worker's last message was too long on its way to prove that the worker is alive. Its
    // answer to this message proves it, and then the worker gets the lease back.
    desired.set_lease_id(worker.reported_lease_id);
  }
  return desired;
}

}  // namespace strata::workers
