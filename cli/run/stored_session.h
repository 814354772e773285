// What a run was searched with, read from its store alone: neither model nor text is needed.
#ifndef STRATA_CLI_STORED_SESSION_H_
#define STRATA_CLI_STORED_SESSION_H_

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

// `folder` is for messages. NotFound for a run that lacks a property; DataLoss for one that is
// damaged; FailedPrecondition for a run without the layout of its units, of another version.
absl::StatusOr<StoredSession> ReadStoredSession(const search::RunStore& store,
                                                const std::string& folder);

}  // namespace strata::cli

#endif  // STRATA_CLI_STORED_SESSION_H_
