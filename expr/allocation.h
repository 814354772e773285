// Sparsity per unit, and the exact projection onto a target.
#ifndef STRATA_EXPR_ALLOCATION_H_
#define STRATA_EXPR_ALLOCATION_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "expr/feature_table.h"

namespace strata::expr {

// sparsity[i] is the fraction of weights of unit i that are zero, in [0, 1).
using Allocation = std::vector<double>;

struct AllocationTarget {
  double sparsity = 0.7;  // parameter-weighted mean of the allocation, in (0, 1)
  // Bounds of the sparsity of every unit.
  double minimum = 0.0;
  double maximum = 0.99;
  // M if the model is pruned in groups of n:M weights. Every sparsity is then a whole multiple of
  // 1 / M. With 0, any sparsity is allowed.
  int group = 0;
};

// Checks 0 < sparsity < 1, 0 <= minimum <= sparsity <= maximum < 1 and 0 <= group <= 128.
// Errors: FailedPrecondition if the sparsity is outside the bounds, else InvalidArgument.
absl::Status ValidateTarget(const AllocationTarget& target);

// Returns "" if every unit can have the target sparsity itself. If the target has a group and its
// sparsity is no n / group, returns a sentence that says so: uniform() is then a mixture.
std::string WhyUniformIsMixed(const AllocationTarget& target);

// Returns the allocation s_i = clamp(wanted_i + t) with one shift t for all units. Its
// parameter-weighted mean is target.sparsity within 1e-12, and its values lie within the bounds.
// The shift is found by bisection. Errors: FailedPrecondition if no shift reaches the target.
absl::StatusOr<Allocation> Project(const std::vector<double>& wanted,
                                   const std::vector<int64_t>& parameters,
                                   const AllocationTarget& target);

// Returns the same as Project if the target has no group. Otherwise the result of Project is
// replaced by the nearest allocation of whole multiples of 1 / group with exactly the same mean.
// Distance is the parameter-weighted sum of squares. Errors: those of Project, and
// FailedPrecondition, which names the nearest sparsities within reach, if there is no such
// allocation.
absl::StatusOr<Allocation> ProjectToGroups(const std::vector<double>& wanted,
                                           const std::vector<int64_t>& parameters,
                                           const AllocationTarget& target);

// Evaluates an expression of type Allocation. Every call compiles and runs a Program; a caller that
// evaluates often should keep the Program (see program.h). If the target has a group, the result is
// rounded as in ProjectToGroups.
//
// Errors: NotFound, which names the first missing feature. FailedPrecondition if the expression
// cannot reach the target, for example because no whole numbers of nm(...) reach it.
//
// Bad values: outside dsa(...), a NaN that an operator produces becomes 0 and an infinity becomes
// +-1e30 at once. Under dsa(...), arithmetic is IEEE up to the top of the chain; there NaN becomes
// 0 and both infinities become -1, as in DSA's code. The same expression and table give the same
// bits on every platform with IEEE doubles and the same libm.
absl::StatusOr<Allocation> EvaluateAllocation(const Expression& expression,
                                              const FeatureTable& features,
                                              const AllocationTarget& target);

// Evaluates an expression of type Units, one value per unit, under the rule that applies outside
// dsa(...).
absl::StatusOr<std::vector<double>> EvaluateUnits(const Expression& expression,
                                                  const FeatureTable& features);

// Evaluates an expression of type Units under the rule that applies under dsa(...). The result is
// what DSA's code computes for the operand of dsa(...).
absl::StatusOr<std::vector<double>> EvaluateDsaUnits(const Expression& expression,
                                                     const FeatureTable& features);

// Returns the parameter-weighted mean sparsity.
double MeanSparsity(const Allocation& allocation, const std::vector<int64_t>& parameters);

// Returns a key that is equal for allocations that count as the same candidate. It is made of the
// values rounded to 1e-5.
std::string QuantizedKey(const Allocation& allocation);

}  // namespace strata::expr

#endif  // STRATA_EXPR_ALLOCATION_H_
