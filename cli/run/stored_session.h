// Settings that a run was searched with, read from its store alone. Neither model nor text is
// needed.
#ifndef STRATA_CLI_RUN_STORED_SESSION_H_
#define STRATA_CLI_RUN_STORED_SESSION_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "expr/unit_layout.h"
#include "search/session.h"
#include "search/store/run_store.h"

namespace strata::cli {

struct StoredSession {
  RunConfig config;
  std::vector<std::string> unit_names;
  expr::UnitLayout layout;
  search::SessionOptions options;  // without clock and budget
};

// Reads the session of a run. `folder` is named in messages. Errors: NotFound if the run lacks a
// property; DataLoss if the run is damaged; FailedPrecondition if another version of Strata made
// it, so that it lacks the layout of its units.
absl::StatusOr<StoredSession> ReadStoredSession(const search::RunStore& store,
                                                const std::string& folder);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_STORED_SESSION_H_
