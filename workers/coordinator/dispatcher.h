// The coordinator's decisions: from what workers report to what they should do. No network, no
// threads; the clock is the options'. Used by one thread.
#ifndef STRATA_WORKERS_DISPATCHER_H_
#define STRATA_WORKERS_DISPATCHER_H_

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
#include "workers/wire/task_codec.h"

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

  // From now on Receive and StreamClosed leave what follows from them (results are stored, tasks
  // given, workers answered) to Flush, and call `defer` if it is not due already: so the results of
  // many messages are stored with one commit.
  void DeferAnswers(std::function<void()> defer) { defer_ = std::move(defer); }
  absl::Status Flush();

  // Tells every worker, and those that come later, that the run is over. The session's error if
  // what came last could not be stored; then it is not acknowledged.
  absl::Status ShutDown();

  // Workers of that name get no further task and are told to leave; returns how many are connected.
  // Errors as of the events.
  absl::StatusOr<int> DrainWorkers(const std::string& name);

  void Describe(v1::StatusReply* reply) const;  // the search and its workers, as they are now

  bool done() const { return done_; }  // the session is
  CoordinatorStatus status() const;

 private:
  void Refuse(WorkerId stream, const std::string& reason);
  // Takes in when the worker was alive; why its message cannot be taken, or empty.
  std::string HearingProblem(WorkerId stream, const v1::WorkerState& state);
  Contact ContactOf(const ConnectedWorker& worker);
  // Ends an admitted worker's lease without blame and refuses it.
  void Dismiss(WorkerId stream, const std::string& reason);
  // What follows from a worker's being gone but for its lease; none if it was not there.
  std::optional<ConnectedWorker> Forget(WorkerId stream);
  bool Admit(WorkerId stream, const v1::Hello& hello);
  absl::Status ReceiveResult(WorkerId stream, const v1::WorkerState& state);
  absl::Status Conclude(const std::string& digest, const search::Outcome& outcome);
  absl::Status HandleFailure(WorkerId stream, const v1::WorkerState& state,
                             const TaskFailure& failure);
  absl::Status Follow(const Decision& decision, const std::string& digest);
  void DismissBrokenWorkers();
  void CountMeasurement(const std::string& digest, const evaluator::StageSeconds& seconds,
                        const std::string& worker_name);
  // Gives tasks to free workers, asking the session for them, and answers all workers that wait for
  // it.
  absl::Status Dispatch();
  absl::Status DispatchSoon();
  // Asks the session for tasks until one waits for the worker of that name; empty: for any worker.
  // False: the session has none now.
  absl::StatusOr<bool> FetchTask(const std::string& worker_name);
  bool CanTakeTask(WorkerId stream, const ConnectedWorker& worker, double now);
  // Gives slow tasks to workers that have nothing else to do.
  void Hedge();
  void AnswerWorkers();       // those of unanswered_
  void CountSeconds();        // of workers, since the last time
  bool TellsToLeave() const;  // when the run ends now
  absl::Status CheckPatience();
  // A subject with waiting tasks that no connected worker holds; null if there is none.
  const SubjectDigests* UnheldSubject() const;
  double Now();  // since the beginning; never goes back
  v1::DesiredState DesiredStateOf(WorkerId stream, const ConnectedWorker& worker) const;

  const CoordinatorOptions options_;
  const std::vector<SubjectDigests> subjects_;
  search::Session* const session_;
  WorkerStreams* const streams_;
  LeaseTable leases_;
  WorkerRoster workers_;  // admitted ones
  WorkerRecords records_;
  std::set<WorkerId> unanswered_;  // workers whose desired state may have changed
  TypicalDuration durations_;
  double last_reading_;  // of the clock
  double elapsed_seconds_ = 0;
  double counted_until_ = 0;  // seconds of workers
  Patience patience_;
  bool done_ = false;
  bool shut_down_ = false;
  CoordinatorStatus totals_;  // what is counted here: failures, refusals, results and seconds
  std::function<void()> defer_;
  bool is_deferred_ = false;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_DISPATCHER_H_
