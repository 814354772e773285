// Registry of the workers that are connected now, by stream.
#ifndef STRATA_WORKERS_COORDINATOR_WORKER_ROSTER_H_
#define STRATA_WORKERS_COORDINATOR_WORKER_ROSTER_H_

#include <map>
#include <optional>
#include <set>
#include <string>

#include "workers/coordinator/lease_table.h"

namespace strata::workers {

struct ConnectedWorker {
  std::string name;
  std::set<int> held = {};  // subjects that it holds
  std::string reported_lease_id = {};
  std::string acknowledged_lease_id = {};  // to be sent with the next message
  int infrastructure_failures = 0;         // number of consecutive ones
  double free_at = 0;                      // time before which it gets no lease
  double alive_at = 0;                     // see Contact
  // These are changed only through the roster.
  bool is_draining = false;                  // it asked to leave
  bool is_sent_away = false;                 // an operator sent it away
  bool is_silent = false;                    // its lease expired and nothing was heard since
  std::optional<double> benched_until = {};  // its machine failed too often
};

// Not thread-safe. `at` and the setters require that the stream is in the roster.
class WorkerRoster {
 public:
  bool empty() const { return workers_.empty(); }
  int size() const { return static_cast<int>(workers_.size()); }
  bool contains(WorkerId stream) const { return workers_.contains(stream); }
  ConnectedWorker& at(WorkerId stream) { return workers_.at(stream); }
  const std::map<WorkerId, ConnectedWorker>& all() const { return workers_; }

  void Add(WorkerId stream, ConnectedWorker worker);
  // Returns the removed worker; nullopt if the stream is not in the roster.
  std::optional<ConnectedWorker> Remove(WorkerId stream);

  void SetDraining(WorkerId stream, bool is_draining);
  void SetSilent(WorkerId stream, bool is_silent);
  void SendAway(WorkerId stream);
  // Takes the worker off work until a time, unless no other would be left that takes work. Returns
  // true if it did.
  bool Bench(WorkerId stream, double until);
  // Lets workers take work again whose time on the bench is over, or all if no other is left.
  void EndBenches(double now);

  // Returns the names of the workers that take work items.
  const std::set<std::string>& Available();

  std::optional<WorkerId> StreamOf(const std::string& name) const;
  bool IsHeld(int subject) const;  // true if any of them holds it

 private:
  void Set(bool* flag, bool value);

  std::map<WorkerId, ConnectedWorker> workers_;
  std::set<std::string> available_;  // valid unless is_stale_
  bool is_stale_ = true;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_WORKER_ROSTER_H_
