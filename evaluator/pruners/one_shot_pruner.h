// The one-shot protocol: every block is pruned by statistics of dense activations, which are
// gathered once, whatever the allocation.
#ifndef STRATA_EVALUATOR_PRUNERS_ONE_SHOT_PRUNER_H_
#define STRATA_EVALUATOR_PRUNERS_ONE_SHOT_PRUNER_H_

#include <absl/status/statusor.h>

#include <optional>
#include <vector>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/pruners/input_hessians.h"
#include "evaluator/pruners/rank_bank.h"

namespace strata::evaluator {

// Prunes by ranks that were computed once: an allocation costs one compare-and-multiply over the
// weights.
class OneShotRanks : public BlockSource {
 public:
  // `model` and `bank` must outlive the source. `sparsity` has one entry per block.
  OneShotRanks(const TransformerModel& model, const RankBank& bank,
               std::vector<BlockSparsity> sparsity, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Next(int block) override;

 private:
  const TransformerModel& model_;
  const RankBank& bank_;
  const std::vector<BlockSparsity> sparsity_;
  Arithmetic arithmetic_;
  BlockMatrices buffer_;
};

// Removes the weights that OneShotRanks would, but selects them when they are needed and keeps no
// ranks, so that memory holds one block whatever the size of the model. Not for SparseGPT. Blocks
// may be asked for in any order.
class OneShotSelection : public BlockSource {
 public:
  // `model` and `statistics` must outlive the source. Magnitude needs no statistics: null.
  // `sparsity` has one entry per block.
  OneShotSelection(const TransformerModel& model, const CalibrationStatistics* statistics,
                   const PruningMethod& method, std::vector<BlockSparsity> sparsity,
                   Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Next(int block) override;

 private:
  const TransformerModel& model_;
  const CalibrationStatistics* statistics_;
  PruningMethod method_;
  const std::vector<BlockSparsity> sparsity_;
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
};

// Factors of the Hessians of all inputs of a model.
class FactorBank {
 public:
  // Runs the sequences through the dense model. Errors: ResourceExhausted if the factors need more
  // than 8 GiB; errors of pruning::FactorHessian with block and input; Cancelled.
  static absl::StatusOr<FactorBank> Build(const TransformerModel& model, const Windows& sequences,
                                          const Progress& progress);

  const BlockFactors& factors(int block) const { return factors_[block]; }

 private:
  std::vector<BlockFactors> factors_;
};

// SparseGPT with the Hessians of the dense model.
class OneShotSparseGpt : public BlockSource {
 public:
  // `model` and `bank` must outlive the source. `sparsity` has one entry per block.
  OneShotSparseGpt(const TransformerModel& model, const FactorBank& bank,
                   const PruningMethod& method, std::vector<BlockSparsity> sparsity,
                   Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Next(int block) override;

 private:
  const TransformerModel& model_;
  const FactorBank& bank_;
  PruningMethod method_;
  const std::vector<BlockSparsity> sparsity_;
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_ONE_SHOT_PRUNER_H_
