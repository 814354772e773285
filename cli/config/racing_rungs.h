// The cheaper measurements of a search's ladder, as the configuration writes them.
#ifndef STRATA_CLI_CONFIG_RACING_RUNGS_H_
#define STRATA_CLI_CONFIG_RACING_RUNGS_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "evaluator/evaluator.h"

namespace strata::cli {

// One fidelity for each text 'WINDOWS [PROTOCOL [ARITHMETIC]]'; what a text leaves out is that of
// `last`, the fidelity of the fitness. InvalidArgument says which text is wrong and why: each rung
// has at most the windows of the last one, and more than earlier rungs of its protocol and
// arithmetic.
absl::StatusOr<std::vector<evaluator::Fidelity>> ParseRacingRungs(
    const std::vector<std::string>& texts, const evaluator::Fidelity& last);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_RACING_RUNGS_H_
