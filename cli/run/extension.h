// Budgets of a run that is extended.
#ifndef STRATA_CLI_RUN_EXTENSION_H_
#define STRATA_CLI_RUN_EXTENSION_H_

#include <absl/status/status.h>

#include <cstdint>

#include "cli/config/run_config.h"

namespace strata::cli {

// What a run has used so far.
struct UsedBudget {
  int64_t evaluations = 0;
  double minutes = 0;  // of the search phase
};

// Checks the budgets that `wanted` sets (those with an origin) against the run's own: a smaller one
// would repeat the search and end it earlier, so that results are lost. Where the run has no limit,
// a new limit must not be below what was used. Errors: InvalidArgument names the key, both values
// and what is expected.
absl::Status CheckExtension(const RunConfig& wanted, const RunConfig& stored,
                            const UsedBudget& used);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_EXTENSION_H_
