// The command line that continues a search, for the search itself and for `strata status`.
#ifndef STRATA_CLI_RUN_CONTINUE_COMMAND_H_
#define STRATA_CLI_RUN_CONTINUE_COMMAND_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "search/store/run_store.h"

namespace strata::cli {

// What was given to `strata search`, as far as it must be given again to continue.
struct SearchInvocation {
  std::string config;
  std::vector<std::string> overrides;  // values of --set
};

// Returns the command, quoted for a shell in the folder where the search was started.
std::string ContinueCommand(const SearchInvocation& invocation, const std::string& run);

// Stores the invocation in the run, with the current folder. Errors: those of the store.
absl::Status StoreInvocation(const SearchInvocation& invocation, search::RunStore* store);

// Returns the command for a shell in any folder. A run of an older version holds no invocation; its
// command has CONFIG in place of the configuration. Errors: those of the store; DataLoss.
absl::StatusOr<std::string> StoredContinueCommand(const search::RunStore& store,
                                                  const std::string& run);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_CONTINUE_COMMAND_H_
