// The fractional knapsack behind waterfill and within. Private to expr/.
#ifndef STRATA_EXPR_WATERFILL_H_
#define STRATA_EXPR_WATERFILL_H_

#include <span>

#include "expr/kernels.h"

namespace strata::expr {

// Units in descending x get `high`, the others `low`, the marginal ones, with equal x, one value in
// between such that the weighted mean is `mean`; low <= mean <= high. Weights are positive; their
// sum need not be 1. `out` does not overlap `x`.
void Waterfill(std::span<const double> x, std::span<const double> weights, double mean, double low,
               double high, KernelScratch& scratch, std::span<double> out);

}  // namespace strata::expr

#endif  // STRATA_EXPR_WATERFILL_H_
