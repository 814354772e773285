// The one-shot protocol for one allocation: weights are selected as they are needed and no ranks
// are kept, so that memory holds one block whatever the size of the model.
#ifndef STRATA_EVALUATOR_ONE_SHOT_SELECTION_H_
#define STRATA_EVALUATOR_ONE_SHOT_SELECTION_H_

#include <absl/status/statusor.h>

#include <optional>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/pruners/block_pruner.h"

namespace strata::evaluator {

// Removes the weights that OneShotRanks would. Not for SparseGPT.
class OneShotSelection : public BlockPruner {
 public:
  // `model` and `statistics` must outlive the pruner. Magnitude needs no statistics: null.
  OneShotSelection(const TransformerModel& model, const CalibrationStatistics* statistics,
                   const PruningMethod& method, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  const TransformerModel& model_;
  const CalibrationStatistics* statistics_;
  PruningMethod method_;
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_ONE_SHOT_SELECTION_H_
