// The state of a running search, for those who look on: written now and then to a small file in the
// run folder, read by `strata status`.
#ifndef STRATA_CLI_SEARCH_SNAPSHOT_H_
#define STRATA_CLI_SEARCH_SNAPSHOT_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "search/session.h"
#include "workers/coordinator/coordinator.h"

namespace strata::cli {

// Follows a search. Not thread-safe.
class SearchSnapshot {
 public:
  // What is known at `unix_seconds`: phase, evaluations, the best, the front, workers with what
  // they do and since when, leases, failures by kind. The cost is that of what was new.
  nlohmann::ordered_json Take(const search::Session& session,
                              const workers::CoordinatorStatus& workers, double unix_seconds);

 private:
  struct Doing {
    std::string task;
    double since = 0;
  };
  std::map<std::string, Doing> doing_;  // by worker
};

// RUN/status.json, whole or absent. The error of writing it.
absl::Status WriteSnapshot(const std::string& run, const nlohmann::ordered_json& snapshot);
// Nothing where there is none; DataLoss for one that is no JSON object.
absl::StatusOr<std::optional<nlohmann::ordered_json>> ReadSnapshot(const std::string& run);

}  // namespace strata::cli

#endif  // STRATA_CLI_SEARCH_SNAPSHOT_H_
