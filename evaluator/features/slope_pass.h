// Where sparsity hurts: the derivative of a pruned model's loss by the sparsity of each unit, from
// one backward pass, however many units there are. Losses of single changes would need an
// evaluation each, and lie below their noise.
#ifndef STRATA_EVALUATOR_SLOPE_PASS_H_
#define STRATA_EVALUATOR_SLOPE_PASS_H_

#include <absl/status/statusor.h>

#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/sequential_pruner.h"

namespace strata::evaluator {

// Of the source `slope`: what all linears are pruned to, by Wanda, and the step.
inline constexpr double kSlopeSparsity = 0.6;
inline constexpr double kSlopeStep = 0.3;

struct SlopeOptions {
  SequentialPrunerOptions pruner;  // its arithmetic is that of all products
  double step = 0.05;              // in (0, 1); of a method with a group, multiples of 1 / group
};

// Losses of `windows` as MeasureWindows gives them, and Measurement::slopes. With W(s) the weights
// that the pruner leaves of a linear at sparsity s, all statistics being those of the allocation,
// the slope of a unit is
//   sum over its linears of <dL/dW, W(s + step) - W(s - step)> / 2 step,
// L being the mean over windows of their mean token loss, its derivative taken at W(s): to first
// order what the marginal weights, the next to go and the last that went, do to the loss. At 0 and
// just below 1 the difference is one-sided.
//
// `sparsity` has one entry per block, `sequences` calibrate, `units` cover linears of one block
// each. Holds the inputs of all blocks for `windows` (ResourceExhausted above 4 GiB) and each
// block's statistics: for SparseGPT the factors of its Hessians. InvalidArgument for a step outside
// (0, 1) and windows of fewer than two tokens; errors of MeasureWindows; Cancelled.
absl::StatusOr<Measurement> MeasureSlopes(TransformerModel& model, const Windows& sequences,
                                          const SlopeOptions& options,
                                          const std::vector<BlockSparsity>& sparsity,
                                          const Windows& windows,
                                          const std::vector<UnitLinears>& units,
                                          const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SLOPE_PASS_H_
