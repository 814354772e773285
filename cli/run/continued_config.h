// The configuration that a run is continued with: the run's own settings and the changes to them.
#ifndef STRATA_CLI_RUN_CONTINUED_CONFIG_H_
#define STRATA_CLI_RUN_CONTINUED_CONFIG_H_

#include <absl/status/statusor.h>

#include <string>

#include "cli/config/run_config.h"
#include "cli/run/extension.h"
#include "search/store/run_store.h"

namespace strata::cli {

// How a search treats the run folder:
//   kNew      creates a run that does not exist yet
//   kResume   continues a run that was cut off: same settings, same result
//   kExtend   also continues a finished run: its budgets may change, and it goes on unless they are
//             spent
enum class Continuation { kNew, kResume, kExtend };

// True if `key` may differ between the stored configuration of a run and the one it continues with.
bool MayChange(const std::string& key, Continuation continuation);

// Returns the run's own configuration with the changes that `wanted` makes. `wanted` holds what is
// given now; its settings without an origin are not given, and `wanted.run` is the folder. A
// setting that an earlier command line gave keeps that value unless this command line gives
// another: the configuration file was overridden then and is overridden now. Says on standard error
// every change, and every value of the file that does not count. Errors: NotFound if the run holds
// no configuration; FailedPrecondition for a change that the run cannot make, and InvalidArgument
// for a smaller budget, with key, origin and both values; DataLoss.
absl::StatusOr<RunConfig> ContinuedConfig(RunConfig wanted, const search::RunStore& store,
                                          Continuation continuation);

// Returns how the run in `wanted.run` is opened: as its own configuration says, unless `wanted`
// gives settings of the storage. If the run cannot be read, those of `wanted` count, and opening
// the run reports why.
search::RunStoreOptions ContinuedStorage(const RunConfig& wanted);

// Returns the number of distinct allocations that were measured and the minutes of the search.
absl::StatusOr<UsedBudget> UsedBudgetOf(const search::RunStore& store);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_CONTINUED_CONFIG_H_
