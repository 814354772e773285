// Losses of token windows under a model whose blocks come from a block source, and the KL
// divergence of its predictions from the dense model's.
#ifndef STRATA_EVALUATOR_PRUNERS_WINDOW_LOSSES_H_
#define STRATA_EVALUATOR_PRUNERS_WINDOW_LOSSES_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <functional>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/dense_predictions.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_source.h"

namespace strata::evaluator {

// Called with the input of every block, and last with the output of the last one.
using HiddenObserver = std::function<void(const at::Tensor& hidden)>;

// Runs all windows through block after block, so that the pruned weights of only one block exist at
// a time. Memory holds windows * tokens * hidden * 4 bytes. Errors: those of the block source;
// Cancelled if `progress` says so between blocks.
absl::StatusOr<Measurement> MeasureWindows(TransformerModel& model, BlockSource& blocks,
                                           const Windows& windows, Arithmetic arithmetic,
                                           const Progress& progress,
                                           const HiddenObserver& observer = nullptr);

// Returns what the dense model predicts in the windows, for MeasureDivergences. Runs as
// MeasureWindows does, with the same errors; LibTorch's exceptions are not caught.
absl::StatusOr<DensePredictions> PredictDensely(TransformerModel& model, const Windows& windows,
                                                Arithmetic arithmetic, const Progress& progress);

// As MeasureWindows, but measures the KL divergence from `dense`, which PredictDensely returned for
// the same model, windows and arithmetic.
absl::StatusOr<Measurement> MeasureDivergences(TransformerModel& model, BlockSource& blocks,
                                               const Windows& windows, Arithmetic arithmetic,
                                               const DensePredictions& dense,
                                               const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_WINDOW_LOSSES_H_
