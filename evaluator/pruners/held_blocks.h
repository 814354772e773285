// A pruned model kept whole, for work that goes through its blocks more than once.
#ifndef STRATA_EVALUATOR_HELD_BLOCKS_H_
#define STRATA_EVALUATOR_HELD_BLOCKS_H_

#include <memory>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/pruners/block_pruner.h"

namespace strata::evaluator {

// The blocks of `source`, which makes each once: a copy of the pruned linears stays in memory.
// Unlike other pruners it may be asked for block 0 again.
class HeldBlocks : public BlockPruner {
 public:
  HeldBlocks(const ModelConfig& config, Arithmetic arithmetic, std::unique_ptr<BlockPruner> source);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  const ModelConfig& config_;
  Arithmetic arithmetic_;
  std::unique_ptr<BlockPruner> source_;
  std::vector<PrunedBlock> blocks_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_HELD_BLOCKS_H_
