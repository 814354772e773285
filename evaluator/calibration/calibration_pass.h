// One pass of the calibration sequences through the dense model, in float32, and the statistics
// that it gathers.
#ifndef STRATA_EVALUATOR_CALIBRATION_CALIBRATION_PASS_H_
#define STRATA_EVALUATOR_CALIBRATION_CALIBRATION_PASS_H_

#include <absl/status/statusor.h>

#include <array>
#include <span>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Wanda's scaler_row of every input of a block's linears.
using BlockScalers = std::array<std::vector<float>, kBlockInputs>;

struct CalibrationStatistics {
  std::vector<BlockScalers> scalers;        // per block
  std::vector<BlockInput> input_of_linear;  // per linear of a block

  // Filled only if asked for, one entry per block; see pruning/calibration_statistics.h.
  std::vector<std::vector<double>> similarity;
  std::vector<double> redundancy;
  std::vector<double> influence;

  // Filled only if asked for, per block and linear: Redundancy among the linears of the block. Two
  // linears that share an input have similarity 1.
  std::vector<std::vector<double>> linear_redundancy;

  std::span<const float> ScalerRow(int block, int linear) const {
    return scalers[block][static_cast<int>(input_of_linear[linear])];
  }
};

// Runs one block over `hidden` in place and returns the statistics of its inputs. `observer` is
// called with these inputs too.
BlockScalers RunAndObserve(BlockForward& forward, const BlockMatrices& matrices,
                           const BlockVectors& vectors, int64_t sequences, at::Tensor& hidden,
                           const InputObserver& observer = nullptr,
                           BlockExtent extent = BlockExtent::kOutput);

// The statistics that a calibration gathers in addition to the scalers.
struct CalibrationNeeds {
  bool block_statistics = false;   // similarity, redundancy, influence; holds all blocks' inputs
  bool linear_redundancy = false;  // holds all inputs of one block
};

// Runs the sequences through the model and returns the statistics. Errors: ResourceExhausted if the
// inputs to be held need more than 4 GiB; Cancelled if `progress` stops the work.
absl::StatusOr<CalibrationStatistics> RunCalibration(const TransformerModel& model,
                                                     const Windows& sequences,
                                                     const CalibrationNeeds& needs,
                                                     const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CALIBRATION_CALIBRATION_PASS_H_
