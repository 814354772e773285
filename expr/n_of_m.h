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
  // Units of one size.
  struct SizeClass {
    int64_t size;       // parameters of each, in units of the greatest common divisor
    size_t first_unit;  // in `units`
    size_t unit_count;
    int64_t most_steps;  // unit_count * (largest n - smallest n)
    size_t first_cost;   // in `costs`
    int64_t steps;       // what the optimum gives them above the smallest n
  };
  std::vector<uint32_t> units;  // grouped by class, in model order within
  std::vector<SizeClass> classes;
  std::vector<int64_t> counts;  // n of each unit
  std::vector<int64_t> floors;  // of each unit's wanted n
  std::vector<double> costs;
  std::vector<double> row;
  std::vector<double> next_row;
  std::vector<uint32_t> choices;

  // Room for that many units of one size.
  void Reserve(size_t unit_count);
};

// Replaces every wanted sparsity by n / group, n whole, such that
//   - the sum of n_i parameters_i is group * target.sparsity * sum of parameters: exactly, in
//     integers; the right-hand side counts as the integer it agrees with to a relative 1e-12;
//   - n / group lies within the bounds of the target;
//   - the sum of parameters_i (n_i / group - wanted_i)^2 is as small as these allow. Of equally
//   good
//     choices among units of one size, earlier units get the larger n.
// Units of one size are solved by largest remainders; several sizes by a dynamic programme over the
// sizes, exact too: time grows with the product of the numbers of steps of the sizes, and the table
// with the number of sizes beyond two.
// FailedPrecondition if no whole n reach the target, naming the nearest sparsities that they do
// reach, or if the table would pass 50 million cells or 500 million steps.
// `wanted` has a value for each unit, in [0, 1]; `target` is valid. Allocates only where `scratch`
// must grow and on failure; `kernels` has room for the units.
absl::Status RoundToGroups(std::span<const int64_t> parameters, int group,
                           const AllocationTarget& target, KernelScratch& kernels,
                           NOfMScratch& scratch, std::span<double> wanted);

}  // namespace strata::expr

#endif  // STRATA_EXPR_N_OF_M_H_
