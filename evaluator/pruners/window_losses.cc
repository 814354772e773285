#include "evaluator/pruners/window_losses.h"

#include <ATen/ATen.h>

#include "evaluator/clock.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Adds the seconds of its life to a counter.
class StageTimer {
 public:
  explicit StageTimer(double* seconds) : seconds_(seconds), start_(SteadySeconds()) {}
  ~StageTimer() { *seconds_ += SecondsSince(start_); }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  double* seconds_;
  double start_;
};

int64_t PrunableWeights(const ModelConfig& config) {
  int64_t of_block = 0;
  for (const BlockTensor& tensor : BlockTensorsOf(config)) {
    if (tensor.shape.size() == 2) of_block += tensor.shape[0] * tensor.shape[1];
  }
  return config.blocks * of_block;
}

// Fills in the means of `values`, one per predicted token, window after window.
void FillMeans(const std::vector<double>& values, const Windows& windows,
               Measurement* measurement) {
  const size_t predicted = windows.front().size() - 1;
  double total = 0;
  for (size_t window = 0; window < windows.size(); ++window) {
    double sum = 0;
    for (size_t i = 0; i < predicted; ++i) sum += values[window * predicted + i];
    measurement->window_nll.push_back(sum / static_cast<double>(predicted));
    total += measurement->window_nll.back();
  }
  measurement->mean_nll = total / static_cast<double>(windows.size());
  measurement->tokens = static_cast<int64_t>(windows.size() * predicted);
}

// Returns the output of the last block, and fills in the sparsity and the seconds so far.
absl::StatusOr<at::Tensor> RunBlocks(TransformerModel& model, BlockSource& blocks,
                                     const Windows& windows, Arithmetic arithmetic,
                                     const Progress& progress, const HiddenObserver& observer,
                                     Measurement* measurement) {
  const ModelConfig& config = model.config();
  BlockForward forward(config, static_cast<int64_t>(windows.front().size()), arithmetic);
  at::Tensor hidden = model.Embed(windows);
  int64_t zeros = 0;
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / (config.blocks + 1))) {
      return absl::CancelledError("stopped during an evaluation");
    }
    absl::StatusOr<PrunedBlock> pruned = absl::InternalError("not pruned");
    {
      const StageTimer timer(&measurement->seconds.prune);
      pruned = blocks.Next(block);
      if (!pruned.ok()) return pruned.status();
      zeros += pruned->zeros;
    }
    const StageTimer timer(&measurement->seconds.forward);
    if (observer) observer(hidden);
    forward.Run(pruned->matrices, model.vectors(block), hidden);
  }
  if (observer) observer(hidden);
  measurement->achieved_sparsity =
      static_cast<double>(zeros) / static_cast<double>(PrunableWeights(config));
  return hidden;
}

}  // namespace

absl::StatusOr<Measurement> MeasureWindows(TransformerModel& model, BlockSource& blocks,
                                           const Windows& windows, Arithmetic arithmetic,
                                           const Progress& progress,
                                           const HiddenObserver& observer) {
  const at::InferenceMode guard;
  Measurement measurement;
  STRATA_ASSIGN_OR_RETURN(const at::Tensor hidden, RunBlocks(model, blocks, windows, arithmetic,
                                                             progress, observer, &measurement));
  {
    const StageTimer timer(&measurement.seconds.loss);
    FillMeans(model.Losses(hidden, windows, arithmetic).negative_log_likelihood, windows,
              &measurement);
  }
  return measurement;
}

absl::StatusOr<DensePredictions> PredictDensely(TransformerModel& model, const Windows& windows,
                                                Arithmetic arithmetic, const Progress& progress) {
  const at::InferenceMode guard;
  DenseBlocks blocks(model, arithmetic);
  Measurement unused;
  STRATA_ASSIGN_OR_RETURN(
      const at::Tensor hidden,
      RunBlocks(model, blocks, windows, arithmetic, progress, /*observer=*/nullptr, &unused));
  const auto [rows, head] = model.PredictingRows(hidden, windows, arithmetic);
  return DensePredictions(rows, head);
}

absl::StatusOr<Measurement> MeasureDivergences(TransformerModel& model, BlockSource& blocks,
                                               const Windows& windows, Arithmetic arithmetic,
                                               const DensePredictions& dense,
                                               const Progress& progress) {
  const at::InferenceMode guard;
  Measurement measurement;
  STRATA_ASSIGN_OR_RETURN(const at::Tensor hidden,
                          RunBlocks(model, blocks, windows, arithmetic, progress,
                                    /*observer=*/nullptr, &measurement));
  {
    const StageTimer timer(&measurement.seconds.loss);
    const auto [rows, head] = model.PredictingRows(hidden, windows, arithmetic);
    FillMeans(dense.Divergences(rows, head), windows, &measurement);
  }
  return measurement;
}

}  // namespace strata::evaluator
