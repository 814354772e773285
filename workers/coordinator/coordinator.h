// Serves a search to workers over gRPC until it is done.
//
// The search session runs on one Asio strand; gRPC callbacks only post to it. A lease ends when the
// worker's stream ends or its heartbeats stop; the work item is then handed to the next worker.
#ifndef STRATA_WORKERS_COORDINATOR_COORDINATOR_H_
#define STRATA_WORKERS_COORDINATOR_COORDINATOR_H_

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
  // Address of a Unix socket that is served in addition, for workers of this machine. Empty: none.
  std::string local_address = {};
  // Credentials for `address`. Only the owner can open a Unix socket, so no token is required
  // there.
  Credentials credentials;
  int maximum_workers = 4096;  // connected at the same time
  MeasurementPlan plan;
  // Digests of the run's own model and text, which are subject 0. A worker gets only the work items
  // of the subjects that it holds; a worker that holds none is refused.
  std::string model_digest;
  std::string text_digest;
  std::vector<SubjectDigests> further_subjects = {};  // subjects 1, 2, ... of the search
  double heartbeat_seconds = 1.0;
  double lease_seconds = 30.0;  // silence after which the work item goes to another worker
  // After so many faults of machines on one work item the run ends, see LeaseTableOptions.
  int maximum_machine_faults_per_item = 10;
  // Hedging: a work item is also handed to an idle second worker if it takes longer than
  // `hedge_minimum_seconds` and longer than `hedge_factor` times the usual duration of its kind.
  // The first result counts. 0: never.
  double hedge_factor = 3;
  double hedge_minimum_seconds = 1;
  // Run ends with Unavailable if work is waiting and for this long no worker has been connected, or
  // none that holds the model and text of the work.
  double no_worker_seconds = 60.0;
  // If true and Run ends before the session is done, workers are not told to leave. They wait for
  // the next coordinator, up to their WorkerOptions::connect_timeout_seconds.
  bool workers_outlive_it = false;
  // Clock of leases and of no_worker_seconds. Null: the system's steady clock. If the clock goes
  // back, time stands still for that moment, so that no lease lasts longer than its term.
  std::function<double()> now_seconds;
};

// Number of failures that workers reported, by kind (see Failure in proto/strata.proto), and number
// of workers that were lost while they had a work item.
struct FailureCounts {
  int infrastructure = 0;
  int evaluation = 0;
  int invalid_item = 0;
  int crash = 0;
  int time_limit = 0;
  int memory_limit = 0;
  int lost_worker = 0;
};

struct WorkerStatus {
  std::string name;
  bool connected = false;
  std::string leased_item;  // digest of its work item; empty: none
  int results = 0;          // number of its results that counted
  double busy_seconds = 0;  // time with a lease, in this Run
  double seen_seconds = 0;  // time connected, in this Run
};

// One snapshot for progress display.
struct CoordinatorStatus {
  int connected_workers = 0;
  int leased_items = 0;
  int waiting_items = 0;  // handed out by the session, but not leased
  int reissued_items = 0;
  int hedged_items = 0;     // handed to a second worker while the first was at work
  int refused_workers = 0;  // streams that were refused, for any reason
  int failed_items = 0;     // failed for good and quarantined with their candidates
  FailureCounts failures;
  int absorbed_results = 0;  // late or duplicate results of completed or unknown work items
  int evaluations = 0;       // measurements received in this Run
  evaluator::StageSeconds total_stage_seconds;  // summed over `evaluations`
  std::vector<WorkerStatus> workers;            // all that have taken part, sorted by name
};

class Coordinator {
 public:
  // Binds the address. A Unix socket is made with mode 0600 and replaces a file left by a dead
  // coordinator. `session` must outlive the coordinator and is used only by the thread in Run.
  // Changes the process's umask for the moment of binding, and raises its limit of open files to
  // what the system allows.
  //
  // Errors: Unavailable if the address cannot be bound or another coordinator listens on it;
  // InvalidArgument if an option is out of range, an address is malformed or a socket path is too
  // long; FailedPrecondition if other machines can reach the address and the credentials that
  // CheckExposure requires are missing; errors of ClaimSocketPath and MakeServerCredentials.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(const CoordinatorOptions& options,
                                                            search::Session* session);
  virtual ~Coordinator() = default;

  // Runs on the calling thread until the session is done, `tick_should_stop` returns true, or an
  // error occurs. Returns OK in the first two cases. In every case workers are told to shut down
  // (but see workers_outlive_it) and the address is given up. To be called once.
  //
  // `tick_should_stop` may be null. It is called on this thread about ten times a second, and once
  // more after the workers have been told and the server has stopped, even if it returned true
  // before or an error occurred, so that a progress display ends with the final counts. The value
  // that the last call returns is ignored.
  virtual absl::Status Run(
      const std::function<bool(const CoordinatorStatus&)>& tick_should_stop) = 0;

  virtual std::string address() const = 0;  // with the real port if port 0 was requested
  virtual std::string local_address() const = 0;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_COORDINATOR_H_
