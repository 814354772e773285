// What an operator or a viewer asks of a coordinator, over the network or its Unix socket.
#ifndef STRATA_WORKERS_CONTROL_CLIENT_H_
#define STRATA_WORKERS_CONTROL_CLIENT_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "workers/wire/credentials.h"

namespace strata::workers {

struct ControlOptions {
  std::string address;           // as a worker's: "unix:PATH", "host:port" or "file:PATH"
  Credentials credentials = {};  // `token` is sent
  // Whose certificate the coordinator must show; empty: the host of the address.
  std::string server_name = {};
  double timeout_seconds = 10;
};

struct RemoteWorker {
  std::string name;
  std::string task;         // digest; empty: it waits for one
  bool is_leaving = false;  // gets no further task
  bool is_silent = false;   // its lease expired and nothing was heard since
};

// A search as its coordinator sees it now.
struct RemoteStatus {
  std::string phase;
  double seconds = 0;       // of the search phase, with those of earlier sittings
  int64_t evaluations = 0;  // of this sitting
  int leased_tasks = 0, reissued_tasks = 0, failed_tasks = 0, absorbed_results = 0;
  std::vector<RemoteWorker> workers;
};

// Errors of all: Unavailable where nobody answers in time; PermissionDenied for the token;
// InvalidArgument for an address that is malformed; FailedPrecondition for another machine without
// TLS; errors of MakeChannelCredentials and ReadAnnouncement.
absl::StatusOr<RemoteStatus> GetStatus(const ControlOptions& options);

// Ends the search as an interruption does; it can be resumed.
absl::Status StopSearch(const ControlOptions& options);

// The worker finishes its task and leaves. NotFound: none of that name is connected.
absl::Status DrainWorker(const ControlOptions& options, const std::string& worker_name);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_CONTROL_CLIENT_H_
