// The workers that are connected now, by stream.
#ifndef STRATA_WORKERS_WORKER_ROSTER_H_
#define STRATA_WORKERS_WORKER_ROSTER_H_

#include <map>
#include <optional>
#include <set>
#include <string>

#include "workers/coordinator/lease_table.h"

namespace strata::workers {

struct ConnectedWorker {
  std::string name;
  std::set<int> held = {};  // subjects
  std::string reported_lease_id = {};
  std::string acknowledged_lease_id = {};  // to be told with the next message
  int infrastructure_failures = 0;         // in a row
  double free_at = 0;                      // no lease before: it had such a failure
  double alive_at = 0;                     // see Contact
  // Changed through the roster alone.
  bool is_draining = false;   // leaves on its own account
  bool is_sent_away = false;  // by an operator
  bool is_silent = false;     // its lease expired and nothing was heard since
};

// Not thread-safe. A stream given must be in the roster except where it says otherwise.
class WorkerRoster {
 public:
  bool empty() const { return workers_.empty(); }
  int size() const { return static_cast<int>(workers_.size()); }
  bool contains(WorkerId stream) const { return workers_.contains(stream); }
  ConnectedWorker& at(WorkerId stream) { return workers_.at(stream); }
  const std::map<WorkerId, ConnectedWorker>& all() const { return workers_; }

  void Add(WorkerId stream, ConnectedWorker worker);
  // None if it is not there.
  std::optional<ConnectedWorker> Remove(WorkerId stream);

  void SetDraining(WorkerId stream, bool is_draining);
  void SetSilent(WorkerId stream, bool is_silent);
  void SendAway(WorkerId stream);

  // Names of those that take tasks.
  const std::set<std::string>& Available();

  std::optional<WorkerId> StreamOf(const std::string& name) const;
  bool IsHeld(int subject) const;  // by any of them

 private:
  void Set(bool* flag, bool value);

  std::map<WorkerId, ConnectedWorker> workers_;
  std::set<std::string> available_;  // unless it is stale
  bool is_stale_ = true;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_ROSTER_H_
