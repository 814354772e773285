// The fractional knapsack behind waterfill and within. Private to expr/.
#ifndef STRATA_EXPR_WATERFILL_H_
#define STRATA_EXPR_WATERFILL_H_

#include <span>

#include "expr/kernels.h"

namespace strata::expr {

// Units with the largest x get `high` and the others get `low`. The marginal units, which have
// equal x, get one value in between, such that the weighted mean is `mean`. Requires low <= mean <=
// high and positive weights; the sum of the weights need not be 1. `out` must not overlap `x`.
void Waterfill(std::span<const double> x, std::span<const double> weights, double mean, double low,
               double high, KernelScratch& scratch, std::span<double> out);

}  // namespace strata::expr

#endif  // STRATA_EXPR_WATERFILL_H_
