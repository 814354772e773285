// Lease manager: a state machine that records which worker works on which work item. It has no
// clock, no threads, and no input or output. Not thread-safe.
//
// A work item waits, or is leased to one worker, or to two if the first is slow. A lease ends with
// a result, after a silence, or with its worker's stream; a work item that lost its last lease
// waits at the front of the queue. Results are matched by the digest of the work item, whoever
// sends them and however late.
#ifndef STRATA_WORKERS_COORDINATOR_LEASE_TABLE_H_
#define STRATA_WORKERS_COORDINATOR_LEASE_TABLE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "search/session.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {

using WorkerId = int64_t;

struct LeaseTableOptions {
  double lease_seconds = 30;
  // Number of different workers that must fail a work item before it fails for good. If no other
  // worker is available, the same number of failures of one worker is enough.
  int maximum_evaluation_failures_per_item = 2;
  // After so many faults of machines (failures that workers report as such, and workers lost) on
  // one work item the run ends, if `maximum_machines_per_item` workers had them, or all that may
  // try.
  int maximum_machine_faults_per_item = 10;
  int maximum_machines_per_item = 3;
};

// The present time of the coordinator's clock, and the latest time at which a worker is known to
// have been alive: when the coordinator sent the last message that the worker has answered. A lease
// ends `lease_seconds` after `alive_at`, not after the arrival of the answer. Therefore no lease
// outlives its worker by more than its term, however late the worker's last messages arrive.
struct Contact {
  double now = 0;
  double alive_at = 0;
};

struct Lease {
  std::string id;
  std::string digest;
  WorkerId worker = 0;
  double started_at = 0;
  double expires_at = 0;
};

// What must happen after a failure or a crash.
struct Decision {
  enum Kind {
    kAbsorbed,    // nothing: it was counted before, or another worker has the work item by now
    kRetry,       // the work item waits again
    kWorkFailed,  // the work item must be completed as failed, for `reason`
    kGiveUp,      // the run must end: the workers cannot compute it, for `reason`
  };
  Kind kind = kAbsorbed;
  std::string reason;
};

class LeaseTable {
 public:
  explicit LeaseTable(const LeaseTableOptions& options) : options_(options) {}

  // Sets the subjects that the worker called `name` holds; it is given only their work items. A
  // worker we know nothing about is assumed to hold everything.
  void SetHeld(const std::string& name, const std::set<int>& subjects) { held_[name] = subjects; }
  // Returns the subjects of the waiting work items.
  std::set<int> WaitingSubjects() const;

  // Appends a work item to the queue. Work items with the same digest are worked on once and
  // completed together.
  void Add(const search::SessionItem& item);

  bool has_waiting() const { return !waiting_.empty(); }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  int leased() const { return static_cast<int>(leases_.size()); }
  int reissued() const { return reissued_; }  // leases of work items that had been leased before
  int hedged() const { return hedged_; }      // second leases of work items that were at work

  // Returns a work item that was added and is not completed; nullptr if there is none. The pointer
  // is valid until the work item is completed.
  const search::SessionItem* FindOpen(const std::string& digest) const;
  bool WasCompleted(const std::string& digest) const { return completed_.contains(digest); }

  // Returns the lease of a worker; nullptr if it has none. The pointer is valid until the next call
  // that changes the table.
  const Lease* LeaseOf(WorkerId worker) const;

  // True if a waiting work item may go to the worker called `name`. A worker that failed a work
  // item, for whatever reason, is not given it again while one of the `available` workers holds its
  // subject and has not failed it; one that blamed the work item, not while there is one that has
  // not blamed it. `available` has the names of the workers that take work items and may include
  // `name`.
  bool HasWaitingFor(const std::string& name, const std::set<std::string>& available) const;

  // Returns the worker's lease. If the worker has none, it gets one for the first work item of the
  // queue that may go to the worker called `name`; nullptr if there is none. A name outlives a
  // stream, a WorkerId does not. A lease id contains a sequence number and the digest, so that a
  // worker left over from an earlier coordinator cannot take a lease of this coordinator for its
  // own unless both are for the same work item.
  const Lease* Grant(WorkerId worker, const Contact& contact, const std::string& name,
                     const std::set<std::string>& available);

  // Hedging: gives a second lease of a slow work item to the worker called `name`, which must have
  // no lease. A work item is slow if it has been at work for longer than `slow_seconds` says; the
  // one at work for longest is chosen. A work item is hedged only once, and not by a worker that
  // failed it. Returns nullptr if there is none. The first result counts.
  const Lease* Hedge(WorkerId worker, const Contact& contact, const std::string& name,
                     const std::function<double(const search::WorkItem&)>& slow_seconds);

  // True if a lease that was renewed at `alive_at` has not expired, so the worker counts as alive.
  bool IsAlive(const Contact& contact) const {
    return contact.now < contact.alive_at + options_.lease_seconds;
  }

  // Records that the worker reports to be at work on a lease. Renews the lease if it is the
  // worker's own. Gives an ended lease back to the worker if the lease may return, the worker is
  // alive and it has no other lease. A lease that was counted as lost no longer counts, since
  // its worker is alive.
  void Report(WorkerId worker, const std::string& lease_id, const Contact& contact);

  // True if a lease that has ended can be given back, because its work item waits.
  bool MayReturn(const std::string& lease_id) const;

  // Ends the leases that were not renewed in time. Returns their workers.
  std::vector<WorkerId> Expire(double now);

  // Ends the lease, if any, of the worker called `name`, whose stream broke, and counts it as a
  // fault of its machine: a work item runs in another process than its worker. `digest` is set to
  // that of the work item.
  Decision Break(WorkerId worker, const std::string& name, const std::set<std::string>& available,
                 std::string* digest);

  // Ends the worker's lease, if any, without blaming the work item.
  void Release(WorkerId worker);

  // Records a failure that the worker called `name` sent under `lease_id` for an open work item. A
  // failure that is sent twice counts once. A failure that blames the work item is accepted as
  // final when several workers report it, or when no other of the `available` workers is left to
  // try.
  Decision Fail(const std::string& lease_id, const std::string& digest, const std::string& name,
                const std::set<std::string>& available, FailureKind kind,
                const std::string& message);

  // Removes an open work item and its leases. Returns all added work items of that digest. Appends
  // the workers whose leases ended to `stopped`.
  std::vector<search::SessionItem> Complete(const std::string& digest,
                                            std::vector<WorkerId>* stopped);

 private:
  struct OpenItem {
    std::vector<search::SessionItem> items;  // at least one
    std::set<std::string> leases;            // current ones; empty while the work item waits
    bool is_hedged = false;                  // it has had two leases at once
    std::set<std::string> granted;           // all leases that were ever given
    std::set<std::string> broken;            // leases whose worker was lost
    std::set<std::string> failed;            // leases under which a failure was sent
    std::set<std::string> failed_by;         // names of workers that blamed the work item
    std::set<std::string> unable;            // names of workers whose machine failed it
    int evaluation_failures = 0;
    int infrastructure_failures = 0;
  };

  // Returns the digest of the open work item for which the lease was given; empty if there is none.
  std::string DigestOf(const std::string& lease_id) const;
  // True if one of the `available` workers holds the work item's subject and has not failed it.
  bool AnotherMayTry(const OpenItem& item, const std::set<std::string>& available) const;
  // The same of those whose machine has not failed it either.
  bool AnotherIsAble(const OpenItem& item, const std::set<std::string>& available) const;
  // Decides after a fault of a machine.
  Decision AfterMachineFault(const OpenItem& item, const std::set<std::string>& available,
                             const std::string& message) const;
  bool Holds(const std::string& name, const OpenItem& item) const;
  std::deque<std::string>::const_iterator FirstFor(const std::string& name,
                                                   const std::set<std::string>& available) const;
  Decision BlameItem(OpenItem* item, const std::string& name,
                     const std::set<std::string>& available, FailureKind kind,
                     const std::string& message) const;
  // Ends a lease. Puts its work item at the front of the queue unless it has another lease.
  void EndLease(const std::string& lease_id);
  void StartLease(OpenItem* item, const std::string& id, const std::string& digest, WorkerId worker,
                  const Contact& contact);
  std::string NewLeaseId(const std::string& digest);

  LeaseTableOptions options_;
  std::map<std::string, OpenItem> open_;       // by digest
  std::map<std::string, std::set<int>> held_;  // subjects, by the name of a worker
  std::deque<std::string> waiting_;            // digests
  std::map<std::string, Lease> leases_;        // by id
  std::map<WorkerId, std::string> lease_of_worker_;
  std::unordered_set<std::string> completed_;
  int64_t next_sequence_ = 1;
  int reissued_ = 0;
  int hedged_ = 0;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_LEASE_TABLE_H_
