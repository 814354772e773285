// A pruned model kept whole, for work that goes through its blocks more than once.
#ifndef STRATA_EVALUATOR_TASKS_HELD_BLOCKS_H_
#define STRATA_EVALUATOR_TASKS_HELD_BLOCKS_H_

#include <memory>
#include <vector>

#include "evaluator/block_pruner.h"
#include "evaluator/evaluator.h"

namespace strata::tasks {

// The blocks of `source`, which makes each once: a copy of the pruned linears stays in memory.
// Unlike other pruners it may be asked for block 0 again.
class HeldBlocks : public evaluator::BlockPruner {
 public:
  HeldBlocks(const evaluator::ModelConfig& config, evaluator::Arithmetic arithmetic,
             std::unique_ptr<evaluator::BlockPruner> source);
  absl::StatusOr<evaluator::PrunedBlock> Prune(int block,
                                               const evaluator::BlockSparsity& sparsity) override;

 private:
  const evaluator::ModelConfig& config_;
  evaluator::Arithmetic arithmetic_;
  std::unique_ptr<evaluator::BlockPruner> source_;
  std::vector<evaluator::PrunedBlock> blocks_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_HELD_BLOCKS_H_
