// Status of a run, from its store and from the last snapshot that its coordinator wrote.
#ifndef STRATA_CLI_RUN_RUN_STATUS_H_
#define STRATA_CLI_RUN_RUN_STATUS_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/shared/page.h"

namespace strata::cli {

// Returns
// - "state": "running" (a process holds the run), "done", "stopped", or "killed" (the process that
//   searched ended without a word);
// - "continue": for a stopped or killed search the command that continues it, otherwise null;
// - the stored evaluations, candidates, best, front, hypervolume, quarantined candidates with their
//   reasons, commonest reasons of failures, and last events;
// - "live": for a running search, the last snapshot of its coordinator (search_snapshot.h),
//   otherwise null.
// Errors: those of ReadRunReport.
absl::StatusOr<nlohmann::ordered_json> ReadRunStatus(const std::string& folder,
                                                     double unix_seconds);

// Returns the status as text for a terminal. Its lines fit the page, but for the command that
// continues the search, which is one line so that it can be copied.
std::string RunStatusText(const nlohmann::ordered_json& status, double unix_seconds,
                          const Page& page = Page());

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_RUN_STATUS_H_
