// The one-shot protocol: every block is pruned by statistics of dense activations, gathered once,
// whatever the allocation.
#ifndef STRATA_EVALUATOR_ONE_SHOT_PRUNER_H_
#define STRATA_EVALUATOR_ONE_SHOT_PRUNER_H_

#include <absl/status/statusor.h>

#include <optional>
#include <vector>

#include "evaluator/pruners/block_pruner.h"
#include "evaluator/pruners/input_hessians.h"
#include "evaluator/pruners/rank_bank.h"

namespace strata::evaluator {

// One compare-and-multiply over the weights for each allocation.
class OneShotRanks : public BlockPruner {
 public:
  // `model` and `bank` must outlive the pruner.
  OneShotRanks(const TransformerModel& model, const RankBank& bank, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  const TransformerModel& model_;
  const RankBank& bank_;
  Arithmetic arithmetic_;
  BlockMatrices buffer_;
};

// Factors of the Hessians of all inputs of a model.
class FactorBank {
 public:
  // Runs the sequences through the dense model. ResourceExhausted if the factors need more than 8
  // GiB; errors of pruning::FactorHessian with block and input; Cancelled.
  static absl::StatusOr<FactorBank> Build(const TransformerModel& model, const Windows& sequences,
                                          const Progress& progress);

  const BlockFactors& factors(int block) const { return factors_[block]; }

 private:
  std::vector<BlockFactors> factors_;
};

// SparseGPT with the Hessians of the dense model.
class OneShotSparseGpt : public BlockPruner {
 public:
  // `model` and `bank` must outlive the pruner.
  OneShotSparseGpt(const TransformerModel& model, const FactorBank& bank,
                   const PruningMethod& method, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  const TransformerModel& model_;
  const FactorBank& bank_;
  PruningMethod method_;
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_ONE_SHOT_PRUNER_H_
