// Operators that turn one number per unit into one sparsity per unit. Nothing here allocates unless
// it fails. Private to expr/.
#ifndef STRATA_EXPR_POSTPROCESS_H_
#define STRATA_EXPR_POSTPROCESS_H_

#include <absl/status/status.h>

#include <cstdint>
#include <span>

#include "expr/allocation.h"
#include "expr/kernels.h"
#include "expr/n_of_m.h"
#include "expr/operator_table.h"

namespace strata::expr {

struct PostprocessInput {
  std::span<const double> x;          // one value per unit, finite; empty for uniform
  std::span<const double> arguments;  // the operator's own parameters
  const UnitLayout& layout;
  std::span<const int64_t> parameters;  // prunable weights per unit
  std::span<const double> weights;      // parameters divided by their sum
  const AllocationTarget& target;       // must be valid
};

// Memory for all post-processes. Must not be used by two threads at once.
struct PostprocessScratch {
  explicit PostprocessScratch(size_t units) : kernels(units) { n_of_m.Reserve(units); }
  KernelScratch kernels;
  NOfMScratch n_of_m;
};

// Computes the wanted sparsities before projection. They are finite. `wanted` must not overlap `x`.
using WantedKernel = void (*)(const PostprocessInput& input, KernelScratch& scratch,
                              std::span<double> wanted);

// Returns nullptr unless `id` is a kPostprocess operator that projects the sparsities it wants. All
// of them do except nm.
WantedKernel WantedKernelOf(OperatorId id);

// Computes the allocation of the operator. Its parameter-weighted mean is exact within 1e-12 and
// its values lie within the bounds. An adjustment reads the allocation from `allocation` and
// replaces it there; `within` keeps the mean sparsity of every block, within rounding. Errors:
// FailedPrecondition if there is no such allocation.
using PostprocessKernel = absl::Status (*)(const PostprocessInput& input,
                                           PostprocessScratch& scratch,
                                           std::span<double> allocation);

// Returns nullptr unless `id` is a kPostprocess, kDescent or kAdjustment operator.
PostprocessKernel PostprocessKernelOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_POSTPROCESS_H_
