// The coordinator's scheduler: decides what workers should do, from the states that they report. It
// has no network and no threads, and its clock is CoordinatorOptions::now_seconds. Used by one
// thread.
#ifndef STRATA_WORKERS_COORDINATOR_DISPATCHER_H_
#define STRATA_WORKERS_COORDINATOR_DISPATCHER_H_

#include <absl/status/status.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proto/strata.pb.h"
#include "search/session.h"
#include "workers/coordinator/coordinator.h"
#include "workers/coordinator/lease_table.h"
#include "workers/coordinator/patience.h"
#include "workers/coordinator/typical_duration.h"
#include "workers/coordinator/worker_records.h"
#include "workers/coordinator/worker_roster.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {

// Takes the dispatcher's answers to the workers. Streams that are gone are ignored.
class WorkerStreams {
 public:
  virtual ~WorkerStreams() = default;
  virtual void Send(WorkerId stream, const v1::DesiredState& desired) = 0;
  virtual void Close(WorkerId stream) = 0;  // after everything sent before is written
};

class Dispatcher {
 public:
  // `options.now_seconds` must be set. `session` and `streams` must outlive the dispatcher.
  Dispatcher(const CoordinatorOptions& options, search::Session* session, WorkerStreams* streams);

  // Events. Errors: those of the session; Unavailable if the workers cannot do the work. The run
  // must end with the error.
  absl::Status Receive(WorkerId stream, const v1::WorkerState& state);
  absl::Status StreamClosed(WorkerId stream);
  // To be called regularly: ends expired leases, gives work to workers whose pause is over, hedges,
  // and fails if suitable workers have been missing for too long.
  absl::Status Tick();

  // Makes Receive and StreamClosed leave their consequences (storing results, giving work items,
  // answering workers) to Flush from now on. They call `defer` unless a Flush is due already. The
  // results of many messages are then stored with one commit.
  void DeferAnswers(std::function<void()> defer) { defer_ = std::move(defer); }
  absl::Status Flush();

  // Tells every worker, and each one that comes later, that the run is over (but see
  // workers_outlive_it) and closes its stream. Returns the session's error if the latest results
  // could not be stored; these results are then not acknowledged.
  absl::Status ShutDown();

  // Gives workers of that name no further work item and tells them to leave. Returns how many of
  // them are connected. Errors: as for the events.
  absl::StatusOr<int> DrainWorkers(const std::string& name);

  // Fills in the current state of the search and its workers.
  void Describe(v1::StatusReply* reply) const;

  bool done() const { return done_; }  // true if the session is done
  CoordinatorStatus status() const;

 private:
  void Refuse(WorkerId stream, const std::string& reason);
  // Updates the time at which the worker is known to have been alive. Returns why the message
  // cannot be accepted, or an empty text.
  std::string HearingProblem(WorkerId stream, const v1::WorkerState& state);
  Contact ContactOf(const ConnectedWorker& worker);
  // Ends an admitted worker's lease without blaming the work item, and refuses the worker.
  void Dismiss(WorkerId stream, const std::string& reason);
  // Removes a worker that is gone, but leaves its lease alone. Returns nullopt if the worker was
  // not there.
  std::optional<ConnectedWorker> Forget(WorkerId stream);
  bool Admit(WorkerId stream, const v1::Hello& hello);
  absl::Status ReceiveResult(WorkerId stream, const v1::WorkerState& state);
  absl::Status Conclude(const std::string& digest, const search::Outcome& outcome);
  absl::Status HandleFailure(WorkerId stream, const v1::WorkerState& state,
                             const WorkFailure& failure);
  absl::Status Follow(const Decision& decision, const std::string& digest);
  void DismissBrokenWorkers();
  void CountMeasurement(const std::string& digest, const evaluator::StageSeconds& seconds,
                        const std::string& worker_name);
  // Gives work items to free workers, fetching them from the session; stores what was recorded;
  // then answers all workers that wait for an answer.
  absl::Status Dispatch();
  absl::Status DispatchSoon();
  // Fetches work items from the session until one waits for the worker called `worker_name` (empty:
  // for any worker). Returns false if the session has none now.
  absl::StatusOr<bool> FetchItem(const std::string& worker_name);
  bool CanTakeWork(WorkerId stream, const ConnectedWorker& worker, double now);
  // Gives slow work items to second workers that have nothing else to do.
  void Hedge();
  void AnswerWorkers();       // sends their desired state to all of unanswered_
  void CountSeconds();        // adds the workers' time since the last call
  bool TellsToLeave() const;  // true if workers are to leave should the run end now
  absl::Status CheckPatience();
  // Returns a subject that has waiting work items but is held by no connected worker; null if there
  // is none.
  const SubjectDigests* UnheldSubject() const;
  double Now();  // seconds since construction; never goes back
  v1::DesiredState DesiredStateOf(WorkerId stream, const ConnectedWorker& worker) const;

  const CoordinatorOptions options_;
  const std::vector<SubjectDigests> subjects_;
  search::Session* const session_;
  WorkerStreams* const streams_;
  LeaseTable leases_;
  WorkerRoster workers_;  // admitted workers
  WorkerRecords records_;
  std::set<WorkerId> unanswered_;  // workers whose desired state may have changed
  TypicalDuration durations_;
  double last_reading_;  // last value of the clock
  double elapsed_seconds_ = 0;
  double counted_until_ = 0;  // time of the last CountSeconds
  Patience patience_;
  bool done_ = false;
  bool shut_down_ = false;
  CoordinatorStatus totals_;  // counts kept here: failures, refusals, results and seconds
  std::function<void()> defer_;
  bool is_deferred_ = false;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_DISPATCHER_H_
