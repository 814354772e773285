// The part of Dispatcher that reports its state.
#include <algorithm>
#include <string>

#include "search/engine/progress.h"
#include "workers/coordinator/dispatcher.h"

namespace strata::workers {

CoordinatorStatus Dispatcher::status() const {
  CoordinatorStatus status = totals_;
  status.connected_workers = workers_.size();
  status.leased_items = leases_.leased();
  status.waiting_items = leases_.waiting();
  status.reissued_items = leases_.reissued();
  status.hedged_items = leases_.hedged();
  status.workers = records_.Status();
  for (const auto& [stream, worker] : workers_.all()) {
    const auto shown = std::lower_bound(
        status.workers.begin(), status.workers.end(), worker.name,
        [](const WorkerStatus& entry, const std::string& name) { return entry.name < name; });
    shown->connected = true;
    if (const Lease* lease = leases_.LeaseOf(stream)) shown->leased_item = lease->digest;
  }
  return status;
}

void Dispatcher::Describe(v1::StatusReply* reply) const {
  const CoordinatorStatus now = status();
  reply->set_phase(search::PhaseName(session_->engine().phase()));
  reply->set_seconds(session_->seconds_spent());
  reply->set_evaluations(now.evaluations);
  reply->set_leased_items(now.leased_items);
  reply->set_reissued_items(now.reissued_items);
  reply->set_failed_items(now.failed_items);
  reply->set_absorbed_results(now.absorbed_results);
  for (const auto& [stream, worker] : workers_.all()) {
    v1::WorkerStatus* const described = reply->add_workers();
    described->set_name(worker.name);
    if (const Lease* lease = leases_.LeaseOf(stream)) described->set_item(lease->digest);
    described->set_is_leaving(worker.is_draining || worker.is_sent_away);
    described->set_is_silent(worker.is_silent);
  }
}

}  // namespace strata::workers
