// Functions that a search begins with besides the baselines.
#ifndef STRATA_CLI_RUN_WARM_START_H_
#define STRATA_CLI_RUN_WARM_START_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "search/engine/engine.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Reads the functions of each source in turn. The folder of another run gives its front and the
// functions that it measured with the exact protocol. If that run is on blocks and the units here
// are finer, Blockwise (expr/blockwise.h) rewrites these functions. Any other source gives one
// function and is read as a FUNCTION argument (function_argument.h). Only the functions are taken,
// because their results belong to another model, text or target. Errors: NotFound, InvalidArgument
// and the errors of a run that cannot be read; messages name the source.
absl::StatusOr<std::vector<search::WarmStart>> ReadWarmStart(
    const std::vector<std::string>& sources, const expr::UnitLayout& layout,
    double target_sparsity);

// Stores the functions in a run, so that resuming it no longer needs their sources.
absl::Status StoreWarmStart(const std::vector<search::WarmStart>& functions,
                            search::RunStore* store);
// Returns the functions that StoreWarmStart stored, or none. Errors: DataLoss if they are damaged.
absl::StatusOr<std::vector<search::WarmStart>> StoredWarmStart(const search::RunStore& store);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_WARM_START_H_
