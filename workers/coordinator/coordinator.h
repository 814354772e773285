// Serves a search to workers over gRPC until it is done.
//
// The search session runs on one Asio strand; gRPC callbacks only post to it. Leases expire when a
// worker's stream ends or its heartbeats stop; the task is then handed to the next worker.
#ifndef STRATA_WORKERS_COORDINATOR_H_
#define STRATA_WORKERS_COORDINATOR_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "search/session.h"
#include "workers/wire/credentials.h"
#include "workers/wire/measurement_plan.h"

namespace strata::workers {

struct CoordinatorOptions {
  std::string address;  // "unix:/path/socket" or "host:port"
  // A Unix socket, served besides, for workers of this machine; empty: none.
  std::string local_address = {};
  // Of `address`. Who may open a Unix socket is its owner: there no token is asked for.
  Credentials credentials;
  int maximum_workers = 4096;  // connected at a time
  MeasurementPlan plan;
  // Of the run's own model and text. A worker gets the tasks of those of this and of
  // `further_subjects` that it holds; one that holds none is refused.
  std::string model_digest;
  std::string text_digest;
  std::vector<SubjectDigests> further_subjects = {};  // subjects 1, 2, ... of the search
  double heartbeat_seconds = 1.0;
  double lease_seconds = 30.0;  // silence after which a lease is given to another worker
  // Then the task fails for good and its candidate is quarantined.
  int maximum_crashes_per_task = 3;
  // A task that takes longer than so many times what its kind usually does, and longer than
  // `hedge_minimum_seconds`, is handed to a second worker when that has nothing else to do; the
  // first result counts. 0: never.
  double hedge_factor = 3;
  double hedge_minimum_seconds = 1;
  // With work waiting and no worker connected for so long, Run ends with Unavailable.
  double no_worker_seconds = 60.0;
  // Where Run ends before the session is done, workers are not told to leave: they wait for the
  // next coordinator as long as they are patient.
  bool workers_outlive_it = false;
  // Clock of leases and of no_worker_seconds. Null: the system's steady clock. When it goes back,
  // time stands still for that moment, so that no lease lasts longer than its term.
  std::function<double()> now_seconds;
};

// Reported failures of evaluations, by kind (see Failure in proto/strata.proto), and workers that
// were lost with a task.
struct FailureCounts {
  int infrastructure = 0;
  int evaluation = 0;
  int invalid_task = 0;
  int crash = 0;
  int time_limit = 0;
  int memory_limit = 0;
  int lost_worker = 0;
};

struct WorkerStatus {
  std::string name;
  bool connected = false;
  std::string leased_task;  // its digest; empty: it has none
  int results = 0;          // that counted
  double busy_seconds = 0;  // with a lease, in this Run
  double seen_seconds = 0;  // connected, in this Run
};

// One snapshot for progress display.
struct CoordinatorStatus {
  int connected_workers = 0;
  int leased_tasks = 0;
  int waiting_tasks = 0;  // handed out by the session, without a lease
  int reissued_tasks = 0;
  int hedged_tasks = 0;     // handed to a second worker while the first was at work
  int refused_workers = 0;  // streams that were refused, for whatever reason
  int failed_tasks = 0;     // for good: quarantined with their candidates
  FailureCounts failures;
  int absorbed_results = 0;  // late or duplicate results of completed or unknown tasks
  int evaluations = 0;       // measurements received in this Run
  evaluator::StageSeconds total_stage_seconds;  // summed over `evaluations`
  std::vector<WorkerStatus> workers;            // all that ever took part, by name
};

class Coordinator {
 public:
  // Binds the address; a Unix socket is made with mode 0600 and replaces a file left by a dead
  // coordinator. `session` must outlive the coordinator and is used by the thread in Run only.
  // Unavailable if the address cannot be bound or another coordinator listens on it;
  // InvalidArgument if it is malformed or a socket path is too long; FailedPrecondition for one
  // that other machines reach without the credentials of CheckExposure; errors of
  // MakeServerCredentials. Changes the process's umask for the moment of binding, and raises its
  // limit of open files to what the system allows.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(const CoordinatorOptions& options,
                                                            search::Session* session);
  virtual ~Coordinator() = default;

  // Runs on the calling thread until the session is Done, `tick_should_stop` (called on this thread
  // about ten times a second, may be null) returns true, or an error. Ok in the first two cases.
  // However it ends, workers are told to shut down (but see workers_outlive_it) and the address is
  // given up; to be called once.
  //
  // `tick_should_stop` is called one time more than it was asked: after the last worker is told and
  // the server has stopped, also when it returned true before and also after an error, so that a
  // progress display ends with the final counts. That call's answer is ignored.
  virtual absl::Status Run(
      const std::function<bool(const CoordinatorStatus&)>& tick_should_stop) = 0;

  virtual std::string address() const = 0;  // with the real port if 0 was asked
  virtual std::string local_address() const = 0;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_H_
