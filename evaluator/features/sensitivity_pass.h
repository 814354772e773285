// A unit's gradient magnitude without gradients: two losses under one random direction (ECoFLaP,
// arXiv 2310.02998, eq. 5; SPSA).
#ifndef STRATA_EVALUATOR_SENSITIVITY_PASS_H_
#define STRATA_EVALUATOR_SENSITIVITY_PASS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Step of the two-sided difference.
inline constexpr double kSensitivityStep = 1e-3;

// Independent standard normal numbers that are the same on every platform but for the last bits of
// its logarithm and cosine: Box-Muller, r cos(2 pi v) then r sin(2 pi v) with r = sqrt(-2 ln(1 -
// u)), of pairs u, v of std::mt19937_64 started with `seed`, of whose outputs the high 53 bits are
// the number in [0, 1).
void FillStandardNormals(uint64_t seed, std::span<float> values);

// The direction of a unit: normals for the weights of its linears, linear after linear, row-major,
// of one generator whose seed is the index of the unit's first linear. Adds `scale` times it to
// `matrices`, which are those of its block. `linears` are indices into ModelSummary::linears.
void AddDirection(const ModelConfig& config, const std::vector<int>& linears, double scale,
                  const BlockMatrices& matrices);

// Mean over sequences of |loss(w + e z) - loss(w - e z)| / 2e, the loss being a sequence's mean
// over tokens 1 ... T-1, w the unit's weights, z its direction and e kSensitivityStep. Runs the
// blocks from the unit's own on, in float32, from `inputs` as RecordBlockInputs gives them for
// `sequences`. Rounding of the losses leaves an error of about 1e-3. InvalidArgument for sequences
// of fewer than two tokens; Cancelled.
absl::StatusOr<double> MeasureSensitivity(TransformerModel& model, const Windows& sequences,
                                          const std::vector<at::Tensor>& inputs,
                                          const std::vector<int>& linears,
                                          const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SENSITIVITY_PASS_H_
