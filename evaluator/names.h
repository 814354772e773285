// Names of the enumerations of the seam, as configurations, the wire and reports write them.
#ifndef STRATA_EVALUATOR_NAMES_H_
#define STRATA_EVALUATOR_NAMES_H_

#include <absl/status/status.h>

#include <string>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

std::string NameOf(Pruner value);       // "magnitude", "wanda", "ria", "sparsegpt"
std::string NameOf(Granularity value);  // "block", "kind", "linear"
std::string NameOf(Protocol value);     // "one-shot", "sequential"
std::string NameOf(Arithmetic value);   // "fp32", "bf16"
std::string NameOf(Split value);        // "calibration", "fitness", "report"
std::string NameOf(Measure value);      // "loss", "kl"

// Sets `value` by its name. Errors: InvalidArgument, listing the known names; `value` is then
// unchanged.
absl::Status ParseName(const std::string& name, Pruner* value);
absl::Status ParseName(const std::string& name, Granularity* value);
absl::Status ParseName(const std::string& name, Protocol* value);
absl::Status ParseName(const std::string& name, Arithmetic* value);
absl::Status ParseName(const std::string& name, Split* value);
absl::Status ParseName(const std::string& name, Measure* value);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_NAMES_H_
