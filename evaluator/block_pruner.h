// Where the matrices of a pruned model come from, one block after the other. The dense weights are
// never written: every pruner fills a buffer of one block, so that a candidate needs no second copy
// of the model and leaves no trace.
#ifndef STRATA_EVALUATOR_BLOCK_PRUNER_H_
#define STRATA_EVALUATOR_BLOCK_PRUNER_H_

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "evaluator/calibration_pass.h"
#include "evaluator/llama_model.h"
#include "pruning/rank_bank.h"

namespace strata::evaluator {

using BlockSparsity = std::array<double, kLinearsPerBlock>;

struct PrunedBlock {
  BlockMatrices matrices;  // valid until the pruner's next call
  int64_t zeros = 0;       // in the seven linears, counted
};

class BlockPruner {
 public:
  virtual ~BlockPruner() = default;
  // Called for blocks 0, 1, 2, ... in turn. InvalidArgument as pruning::RowRanks::Build.
  virtual absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) = 0;
};

// The dense weights; the sparsity is ignored.
class DenseBlocks : public BlockPruner {
 public:
  // `model` must outlive the pruner.
  DenseBlocks(const LlamaModel& model, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  const LlamaModel& model_;
  std::optional<BlockMatrices> buffer_;  // bfloat16, where that is the arithmetic
};

// Ranks of all weights of a model: 2 bytes a weight.
class RankBank {
 public:
  // ranks(block, linear) of Wanda's scores. Errors as pruning::RowRanks::Build; Cancelled.
  static absl::StatusOr<RankBank> Build(const LlamaModel& model,
                                        const CalibrationStatistics& statistics,
                                        const Progress& progress);
  const pruning::RowRanks& ranks(int block, int linear) const {
    return ranks_[block * kLinearsPerBlock + linear];
  }

 private:
  std::vector<pruning::RowRanks> ranks_;
};

// One-shot Wanda: every block by statistics of dense activations.
class OneShotWanda : public BlockPruner {
 public:
  // `model` and `bank` must outlive the pruner.
  OneShotWanda(const LlamaModel& model, const RankBank& bank, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  const LlamaModel& model_;
  const RankBank& bank_;
  Arithmetic arithmetic_;
  BlockMatrices buffer_;
};

// Sequential Wanda (prune_wanda in the code of arXiv 2306.11695): each block by statistics of the
// activations that the pruned blocks before it give, in float32; its pruned outputs are the inputs
// of the next.
class SequentialWanda : public BlockPruner {
 public:
  // `model` must outlive the pruner.
  SequentialWanda(const LlamaModel& model, const Windows& sequences, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  const LlamaModel& model_;
  int64_t sequences_;
  BlockForward forward_;
  at::Tensor hidden_;  // calibration activations before the next block
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BLOCK_PRUNER_H_
