// Which worker works on which task: a state machine without clock, threads or input and output.
//
// A task waits, or is leased to one worker, or to two where the first is slow. A lease ends by a
// result, by silence, or with its worker's stream; a task without one waits at the front of the
// queue. Results count by task digest, whoever sends them and however late. Not thread-safe.
#ifndef STRATA_WORKERS_LEASE_TABLE_H_
#define STRATA_WORKERS_LEASE_TABLE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "search/session.h"

namespace strata::workers {

using WorkerId = int64_t;

struct LeaseTableOptions {
  double lease_seconds = 30;
  int maximum_crashes_per_task = 3;
  // From so many workers, then it fails for good. Also so many of one worker, if no other is there.
  int maximum_evaluation_failures_per_task = 2;
  int maximum_infrastructure_failures_per_task = 10;  // then the run cannot go on
};

// A moment of the coordinator's clock, and the latest one at which a worker is known to have been
// alive: when a message was sent that it has answered. A lease ends `lease_seconds` after that, not
// after an answer's arrival, so that no lease outlives its worker by more than its term, however
// late the worker's last messages arrive.
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

// Of the machine; or of the task: refused by the evaluator or by the worker, or the end of the
// process that evaluated it (see Failure in proto/strata.proto).
enum class FailureKind {
  kInfrastructure,
  kEvaluation,
  kInvalidTask,
  kCrash,
  kTimeLimit,
  kMemoryLimit
};

// What follows from a failure or a crash.
struct Decision {
  enum Kind {
    kAbsorbed,    // counted before, or another worker has the task by now
    kRetry,       // the task waits again
    kTaskFailed,  // the task must be completed as failed, for `reason`
    kGiveUp,      // the workers cannot compute it, which says nothing about the task: `reason`
  };
  Kind kind = kAbsorbed;
  std::string reason;
};

class LeaseTable {
 public:
  explicit LeaseTable(const LeaseTableOptions& options) : options_(options) {}

  // Which subjects (models with texts) the worker called `name` holds; no other tasks are given to
  // it. Of whom nothing is known holds all.
  void SetHeld(const std::string& name, const std::set<int>& subjects) { held_[name] = subjects; }
  // Those of the waiting tasks.
  std::set<int> WaitingSubjects() const;

  // Appends a task to the queue. Tasks with the same digest are worked on once and completed
  // together.
  void Add(const search::SessionTask& task);

  bool has_waiting() const { return !waiting_.empty(); }
  int waiting() const { return static_cast<int>(waiting_.size()); }
  int leased() const { return static_cast<int>(leases_.size()); }
  int reissued() const { return reissued_; }  // leases given for a task that had one before
  int hedged() const { return hedged_; }      // second leases of tasks that had one

  // nullptr unless the task was added and is not completed. Valid until it is completed.
  const search::SessionTask* FindOpen(const std::string& digest) const;
  bool WasCompleted(const std::string& digest) const { return completed_.contains(digest); }

  // The lease of a worker: valid until the next call that changes the table. nullptr if it has
  // none.
  const Lease* LeaseOf(WorkerId worker) const;

  // Whether a waiting task may go to the worker called `name`: one that failed a task is not given
  // it again while one of the `available` workers (names of those that take tasks; may include
  // `name`) that holds its subject has not.
  bool HasWaitingFor(const std::string& name, const std::set<std::string>& available) const;

  // A lease for the first task of the queue that may go to the worker called `name`; the one the
  // worker has, if any. nullptr if there is none. A name outlives a stream, a WorkerId does not.
  // Lease ids name sequence number and digest, so that a worker left by an
  // earlier coordinator cannot take a lease of this one for its own unless it is for the same task.
  const Lease* Grant(WorkerId worker, const Contact& contact, const std::string& name,
                     const std::set<std::string>& available);

  // A second lease, for a worker called `name` that has none, of the task that is at work for
  // longest of those that are slow: longer than `slow_seconds` of it. A task gets one once, and not
  // for a worker that failed it. nullptr if there is none. Whichever result comes first counts.
  const Lease* Hedge(WorkerId worker, const Contact& contact, const std::string& name,
                     const std::function<double(const search::Task&)>& slow_seconds);

  // Whether a worker that is known to have been alive at `alive_at` still is, as far as leases go.
  bool IsAlive(const Contact& contact) const {
    return contact.now < contact.alive_at + options_.lease_seconds;
  }

  // The worker reports to be at work on a lease. Renews it if it is the worker's own; gives it back
  // to the worker if it may return and the worker is alive and has no other. A lease counted as a
  // crash is no longer: its worker lives.
  void Report(WorkerId worker, const std::string& lease_id, const Contact& contact);

  // Whether a lease that had ended can be given back: its task waits.
  bool MayReturn(const std::string& lease_id) const;

  // Ends leases silent for too long; returns their workers.
  std::vector<WorkerId> Expire(double now);

  // The worker's stream broke: its lease, if any, ends and counts as a crash of its task.
  Decision Break(WorkerId worker, std::string* digest);

  // The worker's lease, if any, ends with no blame on the task.
  void Release(WorkerId worker);

  // A failure that the worker called `name` sent under `lease_id` for an open task. Sending one
  // twice counts once. That an evaluation failed or that the task is invalid is believed when
  // several workers say so, or when none of the `available` ones is left to ask.
  Decision Fail(const std::string& lease_id, const std::string& digest, const std::string& name,
                const std::set<std::string>& available, FailureKind kind,
                const std::string& message);

  // Removes an open task and its leases. Returns the tasks of that digest; `stopped` gets the
  // workers whose leases ended.
  std::vector<search::SessionTask> Complete(const std::string& digest,
                                            std::vector<WorkerId>* stopped);

 private:
  struct OpenTask {
    std::vector<search::SessionTask> tasks;  // at least one
    std::set<std::string> leases;            // none while waiting
    bool is_hedged = false;                  // it had two at once
    std::set<std::string> granted;           // all leases ever
    std::set<std::string> broken;            // those counted as crashes
    std::set<std::string> failed;            // those that sent a failure
    std::set<std::string> failed_by;         // names of workers that blamed the task
    int evaluation_failures = 0;
    int infrastructure_failures = 0;
  };

  // The digest of the open task that the lease was once given for; empty if there is none.
  std::string DigestOf(const std::string& lease_id) const;
  // Whether one of `available` has not failed the task.
  bool AnotherMayTry(const OpenTask& task, const std::set<std::string>& available) const;
  bool Holds(const std::string& name, const OpenTask& task) const;
  std::deque<std::string>::const_iterator FirstFor(const std::string& name,
                                                   const std::set<std::string>& available) const;
  Decision BlameTask(OpenTask* task, const std::string& name,
                     const std::set<std::string>& available, FailureKind kind,
                     const std::string& message) const;
  // Ends a lease and puts its task at the front of the queue, unless it has another.
  void EndLease(const std::string& lease_id);
  void StartLease(OpenTask* task, const std::string& id, const std::string& digest, WorkerId worker,
                  const Contact& contact);
  std::string NewLeaseId(const std::string& digest);

  LeaseTableOptions options_;
  std::map<std::string, OpenTask> open_;       // by digest
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

#endif  // STRATA_WORKERS_LEASE_TABLE_H_
