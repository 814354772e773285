// Measures one evaluation before a search begins, for the forecast of a dry run.
#ifndef STRATA_CLI_SEARCH_PROBE_H_
#define STRATA_CLI_SEARCH_PROBE_H_

#include <absl/status/statusor.h>

#include "cli/run/search_setup.h"
#include "expr/allocation.h"

namespace strata::cli {

// Loads the model of the run as a worker does and returns the seconds that one worker takes for an
// evaluation of uniform sparsities at `target` in the stage search (the last rung of a race). What
// a worker does only once, such as ranking weights, is done before and not counted. Writes no file.
// Errors: those of OpenModelEvaluator and Evaluator::Evaluate.
absl::StatusOr<double> MeasureOneEvaluation(const SearchSetup& setup,
                                            const expr::AllocationTarget& target);

}  // namespace strata::cli

#endif  // STRATA_CLI_SEARCH_PROBE_H_
