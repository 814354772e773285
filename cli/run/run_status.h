// How a run stands: from its store, and from what its coordinator wrote last.
#ifndef STRATA_CLI_RUN_STATUS_H_
#define STRATA_CLI_RUN_STATUS_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

namespace strata::cli {

// "state": "running" (a process holds the run), "done", or "stopped"; then what is stored:
// evaluations, candidates, best, front, hypervolume, quarantined candidates with their reasons, the
// commonest reasons of failures, the last events; and under "live", for a running search, what its
// coordinator wrote last (search_snapshot.h), or null. Errors as ReadRunReport.
absl::StatusOr<nlohmann::ordered_json> ReadRunStatus(const std::string& folder,
                                                     double unix_seconds);

// For a terminal.
std::string RunStatusText(const nlohmann::ordered_json& status, double unix_seconds);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_STATUS_H_
