// Functions that a search begins with besides the baselines.
#ifndef STRATA_CLI_WARM_START_H_
#define STRATA_CLI_WARM_START_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "search/engine/engine.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Of each source in turn: from the folder of another run, its front and what it measured with the
// exact protocol, those of a run on blocks as Blockwise (expr/blockwise.h) writes them where the
// units are finer; else the one function that the source is as a FUNCTION argument
// (function_argument.h). The functions alone are taken, not their results: those are of another
// model, text or target. NotFound, InvalidArgument and the errors of a run that cannot be read name
// the source.
absl::StatusOr<std::vector<search::WarmStart>> ReadWarmStart(
    const std::vector<std::string>& sources, const expr::UnitLayout& layout,
    double target_sparsity);

// Keeps them in a run, so that resuming it needs what they were read from no more.
absl::Status StoreWarmStart(const std::vector<search::WarmStart>& functions,
                            search::RunStore* store);
absl::StatusOr<std::vector<search::WarmStart>> StoredWarmStart(const search::RunStore& store);

}  // namespace strata::cli

#endif  // STRATA_CLI_WARM_START_H_
