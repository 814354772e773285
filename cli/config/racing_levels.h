// The cheaper measurements of a search's ladder, as the configuration writes them.
#ifndef STRATA_CLI_RACING_LEVELS_H_
#define STRATA_CLI_RACING_LEVELS_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "evaluator/evaluator.h"

namespace strata::cli {

// One fidelity for each text 'WINDOWS [PROTOCOL [ARITHMETIC]]'; what a text leaves out is that of
// `last`, the fidelity of the fitness. InvalidArgument says which text is wrong and why: each level
// has at most the windows of the last one, and more than earlier levels of its protocol and
// arithmetic.
absl::StatusOr<std::vector<evaluator::Fidelity>> ParseRacingLevels(
    const std::vector<std::string>& texts, const evaluator::Fidelity& last);

}  // namespace strata::cli

#endif  // STRATA_CLI_RACING_LEVELS_H_
