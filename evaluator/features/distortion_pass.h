// What pruning one unit alone does to what the model says: the relative change of its last hidden
// states. Unlike a loss, which single units move by less than its noise, it adds up squares, so
// that a few hundred tokens order even the small linears.
#ifndef STRATA_EVALUATOR_DISTORTION_PASS_H_
#define STRATA_EVALUATOR_DISTORTION_PASS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Share of each row of the unit that is pruned.
inline constexpr double kDistortionSparsity = 0.5;

// Calibration sequences are used from the first on while they hold no more tokens than this; the
// first in any case.
inline constexpr int64_t kDistortionTokens = 512;

// Sum over tokens of |h' - h|^2 / sum of |h|^2: h are the rows that the output head multiplies in
// the dense model, h' those with kDistortionSparsity of every row of `linears` (of one block,
// indices into ModelSummary::linears) pruned by Wanda with the dense model's `statistics`. Runs the
// blocks from the unit's own on, in float32, from `inputs` as RecordBlockInputs gives them for
// `sequences`. Cancelled; errors of OneShotSelection.
absl::StatusOr<double> MeasureDistortion(const TransformerModel& model, const Windows& sequences,
                                         const std::vector<at::Tensor>& inputs,
                                         const CalibrationStatistics& statistics,
                                         const std::vector<int>& linears, const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_DISTORTION_PASS_H_
