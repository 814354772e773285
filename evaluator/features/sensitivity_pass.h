// Sensitivity: an estimate of a unit's gradient magnitude that needs no gradients. It is made from
// two losses along one random direction (ECoFLaP, arXiv 2310.02998, eq. 5; SPSA).
#ifndef STRATA_EVALUATOR_FEATURES_SENSITIVITY_PASS_H_
#define STRATA_EVALUATOR_FEATURES_SENSITIVITY_PASS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Step of the two-sided difference.
inline constexpr double kSensitivityStep = 1e-3;

// Fills `values` with independent standard normal numbers by the method of Box and Muller. Each
// pair u, v of numbers in [0, 1) gives r cos(2 pi v), then r sin(2 pi v), with r = sqrt(-2 ln(1 -
// u)). u and v are the high 53 bits of outputs of std::mt19937_64 started with `seed`. The numbers
// are the same on every platform except for the last bits of its logarithm and cosine.
void FillStandardNormals(uint64_t seed, std::span<float> values);

// Adds `scale` times the direction of a unit to `matrices`, which are those of the unit's block.
// The direction has a standard normal number for each weight of the unit's linears, linear after
// linear, row-major. They come from one generator, whose seed is the index of the unit's first
// linear. `linears` are indices into ModelSummary::linears.
void AddDirection(const ModelConfig& config, const std::vector<int>& linears, double scale,
                  const BlockMatrices& matrices);

// Returns the mean over sequences of |loss(w + e z) - loss(w - e z)| / 2e. The loss is a sequence's
// mean over tokens 1 ... T-1, w are the unit's weights, z is the unit's direction and e is
// kSensitivityStep. `inputs` are what RecordBlockInputs returns for `sequences`. Runs the blocks
// from the unit's own on, in float32. Rounding of the losses leaves an error of about 1e-3. Errors:
// InvalidArgument for sequences of fewer than two tokens; Cancelled.
absl::StatusOr<double> MeasureSensitivity(TransformerModel& model, const Windows& sequences,
                                          const std::vector<at::Tensor>& inputs,
                                          const std::vector<int>& linears,
                                          const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FEATURES_SENSITIVITY_PASS_H_
