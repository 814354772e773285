// From one number per layer to the sparsity wanted for each, before projection. Private to expr/.
#ifndef STRATA_EXPR_POSTPROCESS_H_
#define STRATA_EXPR_POSTPROCESS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "expr/allocation.h"
#include "expr/operator_table.h"

namespace strata::expr {

struct PostprocessInput {
  std::span<const double> x;            // one value per unit; empty for uniform
  std::span<const double> arguments;    // the operator's own parameters
  std::span<const int64_t> parameters;  // prunable weights per unit
  AllocationTarget target;
};

// `x` is finite; the result is finite.
using PostprocessKernel = std::vector<double> (*)(const PostprocessInput&);

// `nullptr` unless `id` is a kPostprocess operator.
PostprocessKernel PostprocessKernelOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_POSTPROCESS_H_
