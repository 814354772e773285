// Pruning in one pass over the blocks, which needs the memory of a block and of the calibration
// activations. In the sequential protocol, which the reference implementations use, each block is
// pruned by statistics of the activations that the pruned blocks before it give, in float32
// (prune_wanda and prune_sparsegpt in the code of arXiv 2306.11695); in the one-shot protocol, of
// those that the dense blocks give.
#ifndef STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_
#define STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_

#include <optional>

#include "evaluator/block_pruner.h"
#include "evaluator/transformer_model.h"

namespace strata::evaluator {

class SequentialPruner : public BlockPruner {
 public:
  // `model` must outlive the pruner. Magnitude needs no `sequences` and runs none.
  SequentialPruner(const TransformerModel& model, const Windows& sequences,
                   const PruningMethod& method, Arithmetic arithmetic,
                   Protocol protocol = Protocol::kSequential);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  // The statistics of a block are those before it is pruned; its dense outputs go to `hidden`.
  absl::StatusOr<int64_t> PruneByScores(int block, const BlockSparsity& sparsity,
                                        at::Tensor& hidden);
  absl::StatusOr<int64_t> PruneBySparseGpt(int block, const BlockSparsity& sparsity,
                                           at::Tensor& hidden);

  const TransformerModel& model_;
  int64_t sequences_;
  PruningMethod method_;
  Protocol protocol_;
  std::optional<BlockForward> forward_;  // unless the pruner needs no activations
  at::Tensor hidden_;                    // calibration activations before the next block
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_
