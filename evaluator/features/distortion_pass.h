// Distortion: the relative change of the model's last hidden states when one unit alone is pruned.
// A single unit changes the loss by less than the noise of the loss. Distortion adds up squares
// instead, so a few hundred tokens are enough to rank even the small linears.
#ifndef STRATA_EVALUATOR_FEATURES_DISTORTION_PASS_H_
#define STRATA_EVALUATOR_FEATURES_DISTORTION_PASS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Share of the weights of each row that is pruned.
inline constexpr double kDistortionSparsity = 0.5;

// Returns the sum over tokens of |h' - h|^2, divided by the sum of |h|^2. h are the rows that the
// output head multiplies in the dense model. h' are the same rows after Wanda has pruned
// kDistortionSparsity of every row of `linears`, with the dense model's `statistics`. `linears` are
// indices into ModelSummary::linears, all of one block. `inputs` are what RecordBlockInputs returns
// for `sequences`. Runs the blocks from the unit's own on, in float32. Errors: Cancelled; those of
// OneShotSelection.
absl::StatusOr<double> MeasureDistortion(const TransformerModel& model, const Windows& sequences,
                                         const std::vector<at::Tensor>& inputs,
                                         const CalibrationStatistics& statistics,
                                         const std::vector<int>& linears, const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FEATURES_DISTORTION_PASS_H_
