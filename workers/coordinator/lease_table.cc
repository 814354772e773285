#include "workers/coordinator/lease_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace strata::workers {

void LeaseTable::Add(const search::SessionItem& item) {
  completed_.erase(item.digest);
  const auto [entry, is_new] = open_.try_emplace(item.digest);
  entry->second.items.push_back(item);
  if (is_new) waiting_.push_back(item.digest);
}

const search::SessionItem* LeaseTable::FindOpen(const std::string& digest) const {
  const auto found = open_.find(digest);
  return found == open_.end() ? nullptr : &found->second.items.front();
}

const Lease* LeaseTable::LeaseOf(WorkerId worker) const {
  const auto found = lease_of_worker_.find(worker);
  return found == lease_of_worker_.end() ? nullptr : &leases_.at(found->second);
}

bool LeaseTable::Holds(const std::string& name, const OpenItem& item) const {
  const auto found = held_.find(name);
  return found == held_.end() || found->second.contains(search::SubjectOf(item.items.front().item));
}

bool LeaseTable::AnotherMayTry(const OpenItem& item, const std::set<std::string>& available) const {
  return std::any_of(available.begin(), available.end(), [&](const std::string& name) {
    return !item.failed_by.contains(name) && Holds(name, item);
  });
}

bool LeaseTable::AnotherIsAble(const OpenItem& item, const std::set<std::string>& available) const {
  return std::any_of(available.begin(), available.end(), [&](const std::string& name) {
    return !item.failed_by.contains(name) && !item.unable.contains(name) && Holds(name, item);
  });
}

std::set<int> LeaseTable::WaitingSubjects() const {
  std::set<int> subjects;
  for (const std::string& digest : waiting_) {
    subjects.insert(search::SubjectOf(open_.at(digest).items.front().item));
  }
  return subjects;
}

std::deque<std::string>::const_iterator LeaseTable::FirstFor(
    const std::string& name, const std::set<std::string>& available) const {
  return std::find_if(waiting_.begin(), waiting_.end(), [&](const std::string& digest) {
    const OpenItem& item = open_.at(digest);
    if (!Holds(name, item)) return false;
    if (item.failed_by.contains(name)) return !AnotherMayTry(item, available);
    return !item.unable.contains(name) || !AnotherIsAble(item, available);
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
  OpenItem& item = open_.at(digest);
  if (!item.granted.empty()) ++reissued_;
  StartLease(&item, NewLeaseId(digest), digest, worker, contact);
  return LeaseOf(worker);
}

const Lease* LeaseTable::Hedge(WorkerId worker, const Contact& contact, const std::string& name,
                               const std::function<double(const search::WorkItem&)>& slow_seconds) {
  const Lease* slowest = nullptr;
  for (const auto& [id, lease] : leases_) {
    const OpenItem& item = open_.at(lease.digest);
    if (item.is_hedged || item.failed_by.contains(name) || !Holds(name, item)) continue;
    if (slowest != nullptr && slowest->started_at <= lease.started_at) continue;
    if (contact.now - lease.started_at > slow_seconds(item.items.front().item)) slowest = &lease;
  }
  if (slowest == nullptr) return nullptr;
  const std::string digest = slowest->digest;
  OpenItem& item = open_.at(digest);
  item.is_hedged = true;
  ++hedged_;
  StartLease(&item, NewLeaseId(digest), digest, worker, contact);
  return LeaseOf(worker);
}

void LeaseTable::Report(WorkerId worker, const std::string& lease_id, const Contact& contact) {
  if (const Lease* held = LeaseOf(worker); held != nullptr && held->id == lease_id) {
    leases_.at(lease_id).expires_at = contact.alive_at + options_.lease_seconds;
    return;
  }
  const std::string digest = DigestOf(lease_id);
  if (digest.empty()) return;
  OpenItem& item = open_.at(digest);
  item.broken.erase(lease_id);
  if (!IsAlive(contact) || !item.leases.empty() || lease_of_worker_.contains(worker)) return;
  StartLease(&item, lease_id, digest, worker, contact);
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

Decision LeaseTable::Break(WorkerId worker, const std::string& name,
                           const std::set<std::string>& available, std::string* digest) {
  const Lease* held = LeaseOf(worker);
  if (held == nullptr) return {};
  const Lease lease = *held;
  *digest = lease.digest;
  EndLease(lease.id);
  OpenItem& item = open_.at(lease.digest);
  item.broken.insert(lease.id);
  item.unable.insert(name);
  return AfterMachineFault(item, available, fmt::format("worker {} was lost", name));
}

Decision LeaseTable::AfterMachineFault(const OpenItem& item, const std::set<std::string>& available,
                                       const std::string& message) const {
  const int faults = item.infrastructure_failures + static_cast<int>(item.broken.size());
  const int machines = static_cast<int>(item.unable.size());
  if (faults < options_.maximum_machine_faults_per_item ||
      (machines < options_.maximum_machines_per_item && AnotherIsAble(item, available))) {
    return {Decision::kRetry, message};
  }
  return {
      Decision::kGiveUp,
      fmt::format("one work item failed {} times for reasons of the workers' machines ({}); the "
                  "last one: {}",
                  faults, fmt::join(item.unable, ", "), message)};
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
  OpenItem& item = found->second;
  item.broken.erase(lease_id);
  const bool is_running = item.leases.contains(lease_id);
  const bool others_run = !is_running && !item.leases.empty();
  if (others_run || !item.granted.contains(lease_id) || !item.failed.insert(lease_id).second) {
    return {};
  }
  if (is_running) EndLease(lease_id);
  switch (kind) {
    case FailureKind::kInvalidWork:
    case FailureKind::kEvaluation:
    case FailureKind::kCrash:
    case FailureKind::kTimeLimit:
    case FailureKind::kMemoryLimit:
      return BlameItem(&item, name, available, kind, message);
    case FailureKind::kInfrastructure:
      ++item.infrastructure_failures;
      item.unable.insert(name);
      return AfterMachineFault(item, available, message);
  }
  return {};
}

Decision LeaseTable::BlameItem(OpenItem* item, const std::string& name,
                               const std::set<std::string>& available, FailureKind kind,
                               const std::string& message) const {
  item->failed_by.insert(name);
  ++item->evaluation_failures;
  const int maximum = options_.maximum_evaluation_failures_per_item;
  const bool several_agree = static_cast<int>(item->failed_by.size()) >= maximum;
  const bool enough_of_one =
      kind == FailureKind::kInvalidWork || item->evaluation_failures >= maximum;
  if (several_agree || (enough_of_one && !AnotherMayTry(*item, available))) {
    return {Decision::kWorkFailed, message};
  }
  return {Decision::kRetry, message};
}

std::vector<search::SessionItem> LeaseTable::Complete(const std::string& digest,
                                                      std::vector<WorkerId>* stopped) {
  const auto found = open_.find(digest);
  if (found == open_.end()) return {};
  for (const std::string& lease_id : std::set<std::string>(found->second.leases)) {
    stopped->push_back(leases_.at(lease_id).worker);
    EndLease(lease_id);
  }
  waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), digest), waiting_.end());
  std::vector<search::SessionItem> items = std::move(found->second.items);
  open_.erase(found);
  completed_.insert(digest);
  return items;
}

void LeaseTable::EndLease(const std::string& lease_id) {
  const auto found = leases_.find(lease_id);
  const Lease lease = found->second;
  lease_of_worker_.erase(lease.worker);
  leases_.erase(found);
  OpenItem& item = open_.at(lease.digest);
  item.leases.erase(lease_id);
  if (item.leases.empty()) waiting_.push_front(lease.digest);
}

void LeaseTable::StartLease(OpenItem* item, const std::string& id, const std::string& digest,
                            WorkerId worker, const Contact& contact) {
  if (item->leases.empty()) waiting_.erase(std::find(waiting_.begin(), waiting_.end(), digest));
  item->leases.insert(id);
  item->granted.insert(id);
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
