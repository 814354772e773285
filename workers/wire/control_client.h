// gRPC client for operators and viewers of a coordinator, over the network or its Unix socket.
#ifndef STRATA_WORKERS_WIRE_CONTROL_CLIENT_H_
#define STRATA_WORKERS_WIRE_CONTROL_CLIENT_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "workers/wire/credentials.h"

namespace strata::workers {

struct ControlOptions {
  std::string address;           // as for a worker: "unix:PATH", "host:port" or "file:PATH"
  Credentials credentials = {};  // `token` is the one that is sent
  // Name that the coordinator's certificate must have. Empty: the host of the address.
  std::string server_name = {};
  double timeout_seconds = 10;
};

struct RemoteWorker {
  std::string name;
  std::string item;         // digest of its work item; empty: it waits for one
  bool is_leaving = false;  // it gets no further work item
  bool is_silent = false;   // its lease expired and nothing was heard since
};

// Current state of a search.
struct RemoteStatus {
  std::string phase;
  double seconds = 0;       // spent in the search phase, with the time before resumes
  int64_t evaluations = 0;  // since the last start or resume
  int leased_items = 0, reissued_items = 0, failed_items = 0, absorbed_results = 0;
  std::vector<RemoteWorker> workers;
};

// Errors of the functions below: Unavailable if nobody answers in time; PermissionDenied if the
// token is not accepted; InvalidArgument if the address is malformed; FailedPrecondition if the
// address is on another machine and there is no TLS; errors of MakeChannelCredentials and
// ReadAnnouncement.

// Asks for the current state of the search.
absl::StatusOr<RemoteStatus> GetStatus(const ControlOptions& options);

// Ends the search as an interruption does; it can be resumed.
absl::Status StopSearch(const ControlOptions& options);

// Sends a worker away: it finishes its work item and leaves. Errors: NotFound if no worker of that
// name is connected.
absl::Status DrainWorker(const ControlOptions& options, const std::string& worker_name);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_CONTROL_CLIENT_H_
