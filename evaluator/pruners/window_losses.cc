#include "evaluator/pruners/window_losses.h"

#include <ATen/ATen.h>

#include "evaluator/clock.h"

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

void FillLosses(const TokenLosses& losses, const Windows& windows, Measurement* measurement) {
  const size_t predicted = windows.front().size() - 1;
  double total = 0;
  for (size_t window = 0; window < windows.size(); ++window) {
    double sum = 0;
    for (size_t i = 0; i < predicted; ++i) {
      sum += losses.negative_log_likelihood[window * predicted + i];
    }
    measurement->window_nll.push_back(sum / static_cast<double>(predicted));
    total += measurement->window_nll.back();
  }
  measurement->mean_nll = total / static_cast<double>(windows.size());
  measurement->tokens = static_cast<int64_t>(windows.size() * predicted);
}

}  // namespace

absl::StatusOr<Measurement> MeasureWindows(TransformerModel& model, BlockSource& blocks,
                                           const Windows& windows, Arithmetic arithmetic,
                                           const Progress& progress,
                                           const HiddenObserver& observer) {
  const at::InferenceMode guard;
  const ModelConfig& config = model.config();
  Measurement measurement;
  BlockForward forward(config, static_cast<int64_t>(windows.front().size()), arithmetic);
  at::Tensor hidden = model.Embed(windows);
  int64_t zeros = 0;
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / (config.blocks + 1))) {
      return absl::CancelledError("stopped during an evaluation");
    }
    absl::StatusOr<PrunedBlock> pruned = absl::InternalError("not pruned");
    {
      const StageTimer timer(&measurement.seconds.prune);
      pruned = blocks.Next(block);
      if (!pruned.ok()) return pruned.status();
      zeros += pruned->zeros;
    }
    const StageTimer timer(&measurement.seconds.forward);
    if (observer) observer(hidden);
    forward.Run(pruned->matrices, model.vectors(block), hidden);
  }
  if (observer) observer(hidden);
  {
    const StageTimer timer(&measurement.seconds.loss);
    FillLosses(model.Losses(hidden, windows, arithmetic), windows, &measurement);
  }
  measurement.achieved_sparsity =
      static_cast<double>(zeros) / static_cast<double>(PrunableWeights(config));
  return measurement;
}

}  // namespace strata::evaluator
