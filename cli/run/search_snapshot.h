// Snapshots of a running search. The search writes them now and then to a small file in the run
// folder, and `strata status` reads that file.
#ifndef STRATA_CLI_RUN_SEARCH_SNAPSHOT_H_
#define STRATA_CLI_RUN_SEARCH_SNAPSHOT_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/shared/measure_text.h"
#include "search/session.h"
#include "workers/coordinator/coordinator.h"

namespace strata::cli {

// Takes the snapshots of one search. Not thread-safe.
class SearchSnapshot {
 public:
  explicit SearchSnapshot(const RunMeasures& measures) : measures_(measures) {}

  // Returns the state at `unix_seconds`: phase, features, evaluations, the best, the front, workers
  // with their work item and since when they have it, leases, failures by kind. The cost is that of
  // one pass over the candidates' losses, the front and the workers.
  nlohmann::ordered_json Take(const search::Session& session,
                              const workers::CoordinatorStatus& workers, double unix_seconds);

 private:
  struct Doing {
    std::string item;  // digest of the work item; empty: none
    double since = 0;
  };
  const RunMeasures measures_;
  std::map<std::string, Doing> doing_;  // by name of the worker
};

// Writes RUN/status.json atomically: the file is whole or absent. Returns the error of writing it.
absl::Status WriteSnapshot(const std::string& run, const nlohmann::ordered_json& snapshot);
// Reads RUN/status.json. Returns nullopt if there is none. Errors: DataLoss if it is no JSON
// object.
absl::StatusOr<std::optional<nlohmann::ordered_json>> ReadSnapshot(const std::string& run);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_SNAPSHOT_H_
