// From one number per unit to one sparsity per unit. Private to expr/; nothing here allocates
// unless it fails.
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
  std::span<const double> weights;      // parameters / their sum
  const AllocationTarget& target;       // valid
};

// Memory for all post-processes. Not for use by two threads at once.
struct PostprocessScratch {
  explicit PostprocessScratch(size_t units) : kernels(units) { n_of_m.Reserve(units); }
  KernelScratch kernels;
  NOfMScratch n_of_m;
};

// The wanted sparsities, finite, before projection. `wanted` does not overlap `x`.
using WantedKernel = void (*)(const PostprocessInput& input, KernelScratch& scratch,
                              std::span<double> wanted);

// `nullptr` unless `id` is a kPostprocess operator that projects what it wants: all but nm.
WantedKernel WantedKernelOf(OperatorId id);

// The operator's allocation: parameter-weighted mean exact within 1e-12, values within the bounds.
// FailedPrecondition if there is none. A refinement reads the allocation it refines and replaces
// it; `within` keeps the mean sparsity of every block within rounding.
using PostprocessKernel = absl::Status (*)(const PostprocessInput& input,
                                           PostprocessScratch& scratch,
                                           std::span<double> allocation);

// `nullptr` unless `id` is a kPostprocess or kRefinement operator.
PostprocessKernel PostprocessKernelOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_POSTPROCESS_H_
