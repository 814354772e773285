// Slopes: the derivatives of a pruned model's loss by the sparsity of each unit. One backward pass
// gives the slopes of all units. To measure the loss of each single change instead would need an
// evaluation per unit, and the change of the loss would be smaller than its noise.
#ifndef STRATA_EVALUATOR_FEATURES_SLOPE_PASS_H_
#define STRATA_EVALUATOR_FEATURES_SLOPE_PASS_H_

#include <absl/status/statusor.h>

#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/sequential_pruner.h"

namespace strata::evaluator {

// Sparsity to which Wanda prunes all linears when the source `slope` is measured.
inline constexpr double kSlopeSparsity = 0.6;
// SlopeOptions::step of the source `slope`.
inline constexpr double kSlopeStep = 0.3;

struct SlopeOptions {
  SequentialPrunerOptions pruner;  // its arithmetic is used for all products
  double step = 0.05;              // in (0, 1); for a method with a group, a multiple of 1 / group
};

// Returns the losses of `windows`, measured as by MeasureWindows, and Measurement::slopes. W(s) are
// the weights that the pruner leaves of a linear at sparsity s, with the statistics of the
// allocation for every s. The slope of a unit is
//   sum over its linears of <dL/dW, W(s + step) - W(s - step)> / 2 step.
// L is the mean over windows of their mean token loss, and its derivative is taken at W(s). To
// first order, the slope is the effect on the loss of the marginal weights: those that would be
// pruned next and those that were pruned last. At 0 and just below 1 the difference is one-sided.
//
// `sparsity` has one entry per block. `sequences` are for calibration. Each of `units` has linears
// of one block only. The function holds the inputs of all blocks for `windows` and the statistics
// of every block, which for SparseGPT are the factors of its Hessians.
//
// Errors: InvalidArgument for a step outside (0, 1) and for windows of fewer than two tokens;
// ResourceExhausted if the inputs need more than 4 GiB; those of MeasureWindows; Cancelled.
absl::StatusOr<Measurement> MeasureSlopes(TransformerModel& model, const Windows& sequences,
                                          const SlopeOptions& options,
                                          const std::vector<BlockSparsity>& sparsity,
                                          const Windows& windows,
                                          const std::vector<UnitLinears>& units,
                                          const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FEATURES_SLOPE_PASS_H_
