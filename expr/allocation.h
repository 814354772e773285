// Sparsity per unit, and the exact projection onto a target.
#ifndef STRATA_EXPR_ALLOCATION_H_
#define STRATA_EXPR_ALLOCATION_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "expr/feature_table.h"

namespace strata::expr {

// sparsity[i] is the fraction of zeros of unit i, in [0, 1).
using Allocation = std::vector<double>;

struct AllocationTarget {
  double sparsity = 0.7;  // parameter-weighted mean of the allocation, in (0, 1)
  double minimum = 0.0;   // bounds of every unit
  double maximum = 0.99;
  // 0: any sparsity. M: whole multiples of 1 / M, for models pruned in groups of n:M weights.
  int group = 0;
};

// Checks 0 < sparsity < 1, 0 <= minimum <= sparsity <= maximum < 1 and 0 <= group <= 128.
absl::Status ValidateTarget(const AllocationTarget& target);

// Nearest allocation, by a common shift, whose parameter-weighted mean is target.sparsity within
// 1e-12 and whose values lie within the bounds: s_i = clamp(wanted_i + t), t found by bisection.
// FailedPrecondition if no shift can reach the target.
absl::StatusOr<Allocation> Project(const std::vector<double>& wanted,
                                   const std::vector<int64_t>& parameters,
                                   const AllocationTarget& target);

// Project, and where the target has a group then the nearest allocation, in parameter-weighted
// squares, of whole multiples of 1 / group with exactly the same mean: FailedPrecondition, naming
// the nearest sparsities within reach, if there is none.
absl::StatusOr<Allocation> ProjectToGroups(const std::vector<double>& wanted,
                                           const std::vector<int64_t>& parameters,
                                           const AllocationTarget& target);

// Evaluates an expression of type Allocation: compiles and runs a Program (see program.h, for
// evaluating often). NotFound names the first missing feature. FailedPrecondition if the target is
// infeasible for it, also where nm(...) has no whole numbers that reach it. Where the target has a
// group, the result is replaced as by ProjectToGroups.
//
// Bad values: outside dsa(...), a NaN produced by any operator becomes 0 and an infinity becomes
// +-1e30 at once. Under dsa(...), arithmetic is IEEE to the top of the chain, then NaN becomes 0
// and both infinities -1, as in DSA's code. The same expression and table give the same bits on
// every platform with IEEE doubles and the same libm.
absl::StatusOr<Allocation> EvaluateAllocation(const Expression& expression,
                                              const FeatureTable& features,
                                              const AllocationTarget& target);

// Evaluates an expression of type Layers, one value per unit, under the rule that applies outside
// dsa(...).
absl::StatusOr<std::vector<double>> EvaluateLayers(const Expression& expression,
                                                   const FeatureTable& features);

// As EvaluateLayers under the rule of dsa(...): what DSA's code computes for the operand of
// dsa(...).
absl::StatusOr<std::vector<double>> EvaluateDsaLayers(const Expression& expression,
                                                      const FeatureTable& features);

// Parameter-weighted mean sparsity.
double MeanSparsity(const Allocation& allocation, const std::vector<int64_t>& parameters);

// Key under which two allocations count as the same candidate: values rounded to 1e-5.
std::string QuantizedKey(const Allocation& allocation);

}  // namespace strata::expr

#endif  // STRATA_EXPR_ALLOCATION_H_
