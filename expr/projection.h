// Moving values until their weighted mean is a target. Private to expr/; nothing here allocates
// unless it fails.
#ifndef STRATA_EXPR_PROJECTION_H_
#define STRATA_EXPR_PROJECTION_H_

#include <absl/status/status.h>

#include <span>

#include "expr/allocation.h"

namespace strata::expr {

// What Project does (see allocation.h), in place. `weights` are positive with sum 1, `target` is
// valid, `values` are finite.
absl::Status ProjectInPlace(std::span<double> values, std::span<const double> weights,
                            const AllocationTarget& target);

// The weighted mean of clamp(base + factor * slopes[i]) within the bounds of the target, slopes >=
// 0, grows with the factor. Gives the factor of [low, high] where it is target.sparsity within
// rounding, or the nearer end if it is not reached.
double FitFactor(double base, std::span<const double> slopes, std::span<const double> weights,
                 const AllocationTarget& target, double low, double high);

}  // namespace strata::expr

#endif  // STRATA_EXPR_PROJECTION_H_
