// Moves values until their weighted mean is a target. Nothing here allocates unless it fails.
// Private to expr/.
#ifndef STRATA_EXPR_PROJECTION_H_
#define STRATA_EXPR_PROJECTION_H_

#include <absl/status/status.h>

#include <span>

#include "expr/allocation.h"

namespace strata::expr {

// Does what Project does (see allocation.h), in place. `weights` must be positive with sum 1,
// `target` valid and `values` finite.
absl::Status ProjectInPlace(std::span<double> values, std::span<const double> weights,
                            const AllocationTarget& target);

// Returns the factor in [low, high] at which the weighted mean of clamp(base + factor * slopes[i])
// is target.sparsity, within rounding. Values are clamped to the bounds of the target. Slopes must
// not be negative, so that the mean grows with the factor. Returns the nearer end of [low, high] if
// no factor in it reaches the target.
double FitFactor(double base, std::span<const double> slopes, std::span<const double> weights,
                 const AllocationTarget& target, double low, double high);

}  // namespace strata::expr

#endif  // STRATA_EXPR_PROJECTION_H_
