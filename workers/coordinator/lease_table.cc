#include "workers/coordinator/lease_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace strata::workers {

void LeaseTable::Add(const search::SessionTask& task) {
  completed_.erase(task.digest);
  const auto [entry, is_new] = open_.try_emplace(task.digest);
  entry->second.tasks.push_back(task);
  if (is_new) waiting_.push_back(task.digest);
}

const search::SessionTask* LeaseTable::FindOpen(const std::string& digest) const {
  const auto found = open_.find(digest);
  return found == open_.end() ? nullptr : &found->second.tasks.front();
}

const Lease* LeaseTable::LeaseOf(WorkerId worker) const {
  const auto found = lease_of_worker_.find(worker);
  return found == lease_of_worker_.end() ? nullptr : &leases_.at(found->second);
}

bool LeaseTable::Holds(const std::string& name, const OpenTask& task) const {
  const auto found = held_.find(name);
  return found == held_.end() || found->second.contains(search::SubjectOf(task.tasks.front().task));
}

bool LeaseTable::AnotherMayTry(const OpenTask& task, const std::set<std::string>& available) const {
  return std::any_of(available.begin(), available.end(), [&](const std::string& name) {
    return !task.failed_by.contains(name) && Holds(name, task);
  });
}

std::set<int> LeaseTable::WaitingSubjects() const {
  std::set<int> subjects;
  for (const std::string& digest : waiting_) {
    subjects.insert(search::SubjectOf(open_.at(digest).tasks.front().task));
  }
  return subjects;
}

std::deque<std::string>::const_iterator LeaseTable::FirstFor(
    const std::string& name, const std::set<std::string>& available) const {
  return std::find_if(waiting_.begin(), waiting_.end(), [&](const std::string& digest) {
    const OpenTask& task = open_.at(digest);
    if (!Holds(name, task)) return false;
    return !task.failed_by.contains(name) || !AnotherMayTry(task, available);
  });
}

bool LeaseTable::HasWaitingFor(const std::string& name,
                               const std::set<std::string>& available) const {
  return FirstFor(name, available) != waiting_.end();
}

const Lease* LeaseTable::Grant(WorkerId worker, const Contact& contact, const std::string& name,
                               const std::set<std::string>& available) {
  if (const Lease* held = LeaseOf(worker)) return held;
  const auto first = FirstFor(name, available);
  if (first == waiting_.end()) return nullptr;
  const std::string digest = *first;
  OpenTask& task = open_.at(digest);
  if (!task.granted.empty()) ++reissued_;
  StartLease(&task, NewLeaseId(digest), digest, worker, contact);
  return LeaseOf(worker);
}

const Lease* LeaseTable::Hedge(WorkerId worker, const Contact& contact, const std::string& name,
                               const std::function<double(const search::Task&)>& slow_seconds) {
  const Lease* slowest = nullptr;
  for (const auto& [id, lease] : leases_) {
    const OpenTask& task = open_.at(lease.digest);
    if (task.is_hedged || task.failed_by.contains(name) || !Holds(name, task)) continue;
    if (slowest != nullptr && slowest->started_at <= lease.started_at) continue;
    if (contact.now - lease.started_at > slow_seconds(task.tasks.front().task)) slowest = &lease;
  }
  if (slowest == nullptr) return nullptr;
  const std::string digest = slowest->digest;
  OpenTask& task = open_.at(digest);
  task.is_hedged = true;
  ++hedged_;
  StartLease(&task, NewLeaseId(digest), digest, worker, contact);
  return LeaseOf(worker);
}

void LeaseTable::Report(WorkerId worker, const std::string& lease_id, const Contact& contact) {
  if (const Lease* held = LeaseOf(worker); held != nullptr && held->id == lease_id) {
    leases_.at(lease_id).expires_at = contact.alive_at + options_.lease_seconds;
    return;
  }
  const std::string digest = DigestOf(lease_id);
  if (digest.empty()) return;
  OpenTask& task = open_.at(digest);
  task.broken.erase(lease_id);
  if (!IsAlive(contact) || !task.leases.empty() || lease_of_worker_.contains(worker)) return;
  StartLease(&task, lease_id, digest, worker, contact);
}

bool LeaseTable::MayReturn(const std::string& lease_id) const {
  const std::string digest = DigestOf(lease_id);
  return !digest.empty() && open_.at(digest).leases.empty();
}

std::string LeaseTable::DigestOf(const std::string& lease_id) const {
  const auto sequence_end = lease_id.find('-');
  if (sequence_end == std::string::npos) return "";
  const auto found = open_.find(lease_id.substr(sequence_end + 1));
  return found != open_.end() && found->second.granted.contains(lease_id) ? found->first : "";
}

std::vector<WorkerId> LeaseTable::Expire(double now) {
  std::vector<std::string> expired;
  std::vector<WorkerId> workers;
  for (const auto& [id, lease] : leases_) {
    if (lease.expires_at > now) continue;
    expired.push_back(id);
    workers.push_back(lease.worker);
  }
  for (const std::string& id : expired) EndLease(id);
  return workers;
}

Decision LeaseTable::Break(WorkerId worker, std::string* digest) {
  const Lease* held = LeaseOf(worker);
  if (held == nullptr) return {};
  const Lease lease = *held;
  *digest = lease.digest;
  EndLease(lease.id);
  OpenTask& task = open_.at(lease.digest);
  task.broken.insert(lease.id);
  const int crashes = static_cast<int>(task.broken.size());
  if (crashes < options_.maximum_crashes_per_task) return {Decision::kRetry, ""};
  return {Decision::kTaskFailed, fmt::format("the task crashed {} workers", crashes)};
}

void LeaseTable::Release(WorkerId worker) {
  if (const Lease* held = LeaseOf(worker)) {
    const std::string id = held->id;
    EndLease(id);
  }
}

Decision LeaseTable::Fail(const std::string& lease_id, const std::string& digest,
                          const std::string& name, const std::set<std::string>& available,
                          FailureKind kind, const std::string& message) {
  const auto found = open_.find(digest);
  if (found == open_.end()) return {};
  OpenTask& task = found->second;
  task.broken.erase(lease_id);
  const bool is_running = task.leases.contains(lease_id);
  const bool others_run = !is_running && !task.leases.empty();
  if (others_run || !task.granted.contains(lease_id) || !task.failed.insert(lease_id).second) {
    return {};
  }
  if (is_running) EndLease(lease_id);
  switch (kind) {
    case FailureKind::kInvalidTask:
    case FailureKind::kEvaluation:
    case FailureKind::kCrash:
    case FailureKind::kTimeLimit:
    case FailureKind::kMemoryLimit:
      return BlameTask(&task, name, available, kind, message);
    case FailureKind::kInfrastructure:
      if (++task.infrastructure_failures < options_.maximum_infrastructure_failures_per_task) {
        return {Decision::kRetry, message};
      }
      return {Decision::kGiveUp,
              fmt::format("workers failed {} times on one task for reasons of their machines; the "
                          "last one: {}",
                          task.infrastructure_failures, message)};
  }
  return {};
}

Decision LeaseTable::BlameTask(OpenTask* task, const std::string& name,
                               const std::set<std::string>& available, FailureKind kind,
                               const std::string& message) const {
  task->failed_by.insert(name);
  ++task->evaluation_failures;
  const int maximum = options_.maximum_evaluation_failures_per_task;
  const bool several_agree = static_cast<int>(task->failed_by.size()) >= maximum;
  const bool enough_of_one =
      kind == FailureKind::kInvalidTask || task->evaluation_failures >= maximum;
  if (several_agree || (enough_of_one && !AnotherMayTry(*task, available))) {
    return {Decision::kTaskFailed, message};
  }
  return {Decision::kRetry, message};
}

std::vector<search::SessionTask> LeaseTable::Complete(const std::string& digest,
                                                      std::vector<WorkerId>* stopped) {
  const auto found = open_.find(digest);
  if (found == open_.end()) return {};
  for (const std::string& lease_id : std::set<std::string>(found->second.leases)) {
    stopped->push_back(leases_.at(lease_id).worker);
    EndLease(lease_id);
  }
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), digest), waiting_.end());
  std::vector<search::SessionTask> tasks = std::move(found->second.tasks);
  open_.erase(found);
  completed_.insert(digest);
  return tasks;
}

void LeaseTable::EndLease(const std::string& lease_id) {
  const auto found = leases_.find(lease_id);
  const Lease lease = found->second;
  lease_of_worker_.erase(lease.worker);
  leases_.erase(found);
  OpenTask& task = open_.at(lease.digest);
  task.leases.erase(lease_id);
  if (task.leases.empty()) waiting_.push_front(lease.digest);
}

void LeaseTable::StartLease(OpenTask* task, const std::string& id, const std::string& digest,
                            WorkerId worker, const Contact& contact) {
  if (task->leases.empty()) waiting_.erase(std::find(waiting_.begin(), waiting_.end(), digest));
  task->leases.insert(id);
  task->granted.insert(id);
  lease_of_worker_[worker] = id;
  leases_[id] = {.id = id,
                 .digest = digest,
                 .worker = worker,
                 .started_at = contact.now,
                 .expires_at = contact.alive_at + options_.lease_seconds};
}

std::string LeaseTable::NewLeaseId(const std::string& digest) {
  return fmt::format("{}-{}", next_sequence_++, digest);
}

}  // namespace strata::workers
