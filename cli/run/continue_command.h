// The command line that continues a search, and what earlier command lines gave.
#ifndef STRATA_CLI_RUN_CONTINUE_COMMAND_H_
#define STRATA_CLI_RUN_CONTINUE_COMMAND_H_

#include <absl/status/statusor.h>

#include <set>
#include <string>

#include "cli/config/run_config.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Returns the command, quoted for a shell in the folder where the search was started. The run holds
// all settings, so neither the configuration file nor --set is needed.
std::string ContinueCommand(const std::string& run);

// True if a setting with this origin was given on the command line: "--set", "--minutes".
bool IsOfCommandLine(const std::string& origin);

// Stores in the run the current folder and the keys of the settings that the command line gave, in
// addition to those of earlier command lines. Errors: those of the store; DataLoss.
absl::Status StoreInvocation(const RunConfig& config, search::RunStore* store);

// Returns the keys of all settings that command lines have given to the run; empty for a run of a
// version that did not store them. Errors: those of the store; DataLoss.
absl::StatusOr<std::set<std::string>> KeysGivenEarlier(const search::RunStore& store,
                                                       const std::string& run);

// Returns the folder in which the search was started last, to which relative paths of its settings
// belong; empty if it is not known. Errors: those of the store; DataLoss.
absl::StatusOr<std::string> StartFolder(const search::RunStore& store, const std::string& run);

// Returns the command for a shell in any folder. Errors: those of the store; DataLoss.
absl::StatusOr<std::string> StoredContinueCommand(const search::RunStore& store,
                                                  const std::string& run);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_CONTINUE_COMMAND_H_
