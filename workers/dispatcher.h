// The coordinator's decisions: from what workers report to what they should do. No network, no
// threads; the clock is the options'. Used by one thread.
#ifndef STRATA_WORKERS_DISPATCHER_H_
#define STRATA_WORKERS_DISPATCHER_H_

#include <absl/status/status.h>

#include <map>
#include <set>
#include <string>

#include "proto/strata.pb.h"
#include "search/session.h"
#include "workers/coordinator.h"
#include "workers/lease_table.h"
#include "workers/task_codec.h"

namespace strata::workers {

// Where the dispatcher's answers go. Streams that are gone are ignored.
class WorkerStreams {
 public:
  virtual ~WorkerStreams() = default;
  virtual void Send(WorkerId stream, const v1::DesiredState& desired) = 0;
  virtual void Close(WorkerId stream) = 0;  // after what was sent
};

class Dispatcher {
 public:
  // `options.now_seconds` must be set. `session` and `streams` must outlive the dispatcher.
  Dispatcher(const CoordinatorOptions& options, search::Session* session, WorkerStreams* streams);

  // Events. An error is one of the session, or Unavailable when workers cannot do the work: the
  // run must end with it.
  absl::Status Receive(WorkerId stream, const v1::WorkerState& state);
  absl::Status StreamClosed(WorkerId stream);
  absl::Status Tick();  // from time to time: leases expire, workers become free, patience ends

  // Tells every worker, and those that come later, that the run is over.
  void ShutDown();

  bool done() const { return done_; }  // the session is
  CoordinatorStatus status() const;

 private:
  struct Worker {
    std::string name;
    std::string reported_lease_id;
    std::string acknowledged_lease_id;  // to be told with the next message
    bool draining = false;
    int infrastructure_failures = 0;  // in a row
    double free_at = 0;               // no lease before: it had such a failure
    bool is_silent = false;           // its lease expired and nothing was heard since
  };

  // What is known of the worker of a name, over all its streams.
  struct Record {
    int failures_in_a_row = 0;       // evaluations
    bool another_succeeded = false;  // meanwhile
    std::string refusal;             // not empty: it gets no more tasks, for this reason
  };

  void Refuse(WorkerId stream, const std::string& reason);
  // Ends an admitted worker's lease without blame and refuses it.
  void Dismiss(WorkerId stream, const std::string& reason);
  bool Admit(WorkerId stream, const v1::Hello& hello);
  absl::Status ReceiveResult(WorkerId stream, const v1::WorkerState& state);
  absl::Status Conclude(const std::string& digest, const search::Outcome& outcome);
  absl::Status HandleFailure(WorkerId stream, const v1::WorkerState& state,
                             const TaskFailure& failure);
  absl::Status Follow(const Decision& decision, const std::string& digest);
  void CountSuccess(const std::string& worker_name);
  // Those that only fail while others succeed: the fault is theirs, not the tasks'.
  void DismissBrokenWorkers();
  std::set<std::string> AvailableWorkers() const;  // names of those that take tasks
  void CountMeasurement(const std::string& digest, const evaluator::StageSeconds& seconds,
                        const std::string& worker_name);
  // Gives tasks to free workers, asking the session for them, and answers all workers that wait for
  // it.
  absl::Status Dispatch();
  // Asks the session for a task if none waits for the worker of that name; empty: for any worker.
  absl::Status FetchTask(const std::string& worker_name, const std::set<std::string>& available);
  absl::Status CheckPatience() const;
  v1::DesiredState DesiredStateOf(WorkerId stream, Worker* worker) const;

  const CoordinatorOptions options_;
  search::Session* const session_;
  WorkerStreams* const streams_;
  LeaseTable leases_;
  std::map<WorkerId, Worker> workers_;     // admitted ones
  std::map<std::string, Record> records_;  // by worker name
  std::set<WorkerId> unanswered_;          // workers whose desired state may have changed
  std::string last_refusal_;
  double lonely_since_;  // when the last worker left, or the beginning
  bool done_ = false;
  bool shut_down_ = false;
  CoordinatorStatus totals_;  // failed_tasks, absorbed_results, evaluations and seconds
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_DISPATCHER_H_
