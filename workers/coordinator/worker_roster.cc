#include "workers/coordinator/worker_roster.h"

#include <algorithm>
#include <utility>

namespace strata::workers {

void WorkerRoster::Add(WorkerId stream, ConnectedWorker worker) {
  workers_.insert_or_assign(stream, std::move(worker));
  is_stale_ = true;
}

std::optional<ConnectedWorker> WorkerRoster::Remove(WorkerId stream) {
  auto removed = workers_.extract(stream);
  if (removed.empty()) return std::nullopt;
  is_stale_ = true;
  return std::move(removed.mapped());
}

void WorkerRoster::SetDraining(WorkerId stream, bool is_draining) {
  Set(&at(stream).is_draining, is_draining);
}

void WorkerRoster::SetSilent(WorkerId stream, bool is_silent) {
  Set(&at(stream).is_silent, is_silent);
}

void WorkerRoster::SendAway(WorkerId stream) { Set(&at(stream).is_sent_away, true); }

void WorkerRoster::Set(bool* flag, bool value) {
  is_stale_ |= *flag != value;
  *flag = value;
}

bool WorkerRoster::Bench(WorkerId stream, double until) {
  const std::string& name = at(stream).name;
  const std::set<std::string>& available = Available();
  if (available.empty() || (available.size() == 1 && available.contains(name))) return false;
  at(stream).benched_until = until;
  is_stale_ = true;
  return true;
}

void WorkerRoster::EndBenches(double now) {
  const bool is_none_left = Available().empty();
  for (auto& [stream, worker] : workers_) {
    if (!worker.benched_until || (!is_none_left && now < *worker.benched_until)) continue;
    worker.benched_until.reset();
    is_stale_ = true;
  }
}

const std::set<std::string>& WorkerRoster::Available() {
  if (std::exchange(is_stale_, false)) {
    available_.clear();
    for (const auto& [stream, worker] : workers_) {
      if (!worker.is_draining && !worker.is_silent && !worker.is_sent_away &&
          !worker.benched_until) {
        available_.insert(worker.name);
      }
    }
  }
  return available_;
}

std::optional<WorkerId> WorkerRoster::StreamOf(const std::string& name) const {
  const auto found = std::find_if(workers_.begin(), workers_.end(),
                                  [&](const auto& entry) { return entry.second.name == name; });
  return found == workers_.end() ? std::nullopt : std::optional(found->first);
}

bool WorkerRoster::IsHeld(int subject) const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [&](const auto& entry) { return entry.second.held.contains(subject); });
}

}  // namespace strata::workers
