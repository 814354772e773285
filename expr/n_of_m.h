// Sparsities n/M with whole n whose parameter-weighted mean is exact. Private to expr/.
#ifndef STRATA_EXPR_N_OF_M_H_
#define STRATA_EXPR_N_OF_M_H_

#include <absl/status/status.h>

#include <cstdint>
#include <span>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_order.h"

namespace strata::expr {

// Memory of RoundToGroups. It grows at first use and is kept.
struct NOfMScratch {
  // The units of one size.
  struct SizeClass {
    int64_t size;       // parameters of each unit, divided by the greatest common divisor
    size_t first_unit;  // index into `units`
    size_t unit_count;
    int64_t most_steps;   // unit_count * (largest n - smallest n)
    size_t first_cost;    // index into `costs`
    int64_t steps;        // sum over the units of n - smallest n, in the optimum
    double wanted_steps;  // the same of the wanted n, which need not be whole
  };
  // What a choice of steps costs. Choices of equal distance are compared by their imbalance: the
  // parameter-weighted sum over the classes of (mean n of the class - its wanted mean)^2.
  struct Cost {
    double distance;
    double imbalance;
  };
  std::vector<uint32_t> units;  // grouped by class, in model order within a class
  std::vector<SizeClass> classes;
  std::vector<int64_t> counts;  // n of each unit
  std::vector<int64_t> floors;  // wanted n of each unit, rounded down
  std::vector<double> costs;
  std::vector<Cost> row;
  std::vector<Cost> next_row;
  std::vector<uint32_t> choices;

  // Makes room for `unit_count` units of one size.
  void Reserve(size_t unit_count);
};

// Replaces every wanted sparsity by n / group with whole n, such that
//   - the sum of n_i parameters_i is exactly group * target.sparsity * sum of parameters, computed
//     in integers. The right-hand side counts as the nearest integer and must agree with it to a
//     relative 1e-12;
//   - n / group lies within the bounds of the target;
//   - the sum of parameters_i (n_i / group - wanted_i)^2 is as small as these conditions allow. Of
//     several choices that are equally good to rounding, the one is taken whose mean n of the units
//     of each size is nearest to what these units want. Among units of one size that want the same,
//     the larger n are evenly spaced in model order, so that neither end of the model is favoured.
//
// Units of one size are solved by largest remainders. Several sizes are solved by a dynamic
// programme over the sizes, which is exact too. Its time grows with the product of the numbers of
// steps of the sizes, and its table with the number of sizes beyond two.
//
// `wanted` has a value in [0, 1] for each unit, `target` must be valid, and `kernels` must have
// room for the units. Allocates only if `scratch` must grow, and on failure.
//
// Errors: FailedPrecondition if no whole n reach the target, with the nearest sparsities that they
// reach, or if the table would need more than 50 million cells or 500 million steps.
absl::Status RoundToGroups(std::span<const int64_t> parameters, int group,
                           const AllocationTarget& target, KernelScratch& kernels,
                           NOfMScratch& scratch, std::span<double> wanted);

}  // namespace strata::expr

#endif  // STRATA_EXPR_N_OF_M_H_
