// One pass of the calibration sequences through the dense model, in float32, and what it tells.
#ifndef STRATA_EVALUATOR_CALIBRATION_PASS_H_
#define STRATA_EVALUATOR_CALIBRATION_PASS_H_

#include <absl/status/statusor.h>

#include <array>
#include <span>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/llama_model.h"

namespace strata::evaluator {

// Wanda's scaler_row of every input of a block's linears.
using BlockScalers = std::array<std::vector<float>, kBlockInputs>;

struct CalibrationStatistics {
  std::vector<BlockScalers> scalers;  // per block

  // Filled only where asked for; per block, see pruning/calibration_statistics.h.
  std::vector<std::vector<double>> similarity;
  std::vector<double> redundancy;
  std::vector<double> influence;

  std::span<const float> ScalerRow(int block, int linear) const {
    return scalers[block][static_cast<int>(InputOf(linear))];
  }
};

// Runs one block over `hidden` in place and returns the statistics of its inputs.
BlockScalers RunAndObserve(BlockForward& forward, const BlockMatrices& matrices,
                           const BlockNorms& norms, int64_t sequences, at::Tensor& hidden);

// `block_statistics` asks for similarity, redundancy and influence; the inputs of all blocks are
// then held at once. ResourceExhausted if they need more than 4 GiB; Cancelled when `progress` says
// so.
absl::StatusOr<CalibrationStatistics> RunCalibration(const LlamaModel& model,
                                                     const Windows& sequences,
                                                     bool block_statistics,
                                                     const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CALIBRATION_PASS_H_
