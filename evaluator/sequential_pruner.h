// The sequential protocol, which the reference implementations use: each block by statistics of the
// activations that the pruned blocks before it give, in float32; its pruned outputs are the inputs
// of the next (prune_wanda and prune_sparsegpt in the code of arXiv 2306.11695).
#ifndef STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_
#define STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_

#include <optional>

#include "evaluator/block_pruner.h"
#include "evaluator/llama_model.h"

namespace strata::evaluator {

class SequentialPruner : public BlockPruner {
 public:
  // `model` must outlive the pruner.
  SequentialPruner(const LlamaModel& model, const Windows& sequences, const PruningMethod& method,
                   Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  absl::StatusOr<int64_t> PruneByScores(int block, const BlockSparsity& sparsity);
  absl::StatusOr<int64_t> PruneBySparseGpt(int block, const BlockSparsity& sparsity);

  const LlamaModel& model_;
  int64_t sequences_;
  PruningMethod method_;
  BlockForward forward_;
  at::Tensor hidden_;  // calibration activations before the next block
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_
