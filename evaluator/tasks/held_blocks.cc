#include "evaluator/tasks/held_blocks.h"

#include <ATen/ATen.h>

#include <utility>

namespace strata::tasks {

HeldBlocks::HeldBlocks(const evaluator::ModelConfig& config, evaluator::Arithmetic arithmetic,
                       std::unique_ptr<evaluator::BlockPruner> source)
    : config_(config), arithmetic_(arithmetic), source_(std::move(source)) {}

absl::StatusOr<evaluator::PrunedBlock> HeldBlocks::Prune(int block,
                                                         const evaluator::BlockSparsity& sparsity) {
  const at::InferenceMode guard;
  if (block < static_cast<int>(blocks_.size())) return blocks_[block];
  const auto pruned = source_->Prune(block, sparsity);
  if (!pruned.ok()) return pruned.status();
  evaluator::PrunedBlock held{evaluator::BlockMatrices::Allocate(config_, arithmetic_),
                              pruned->zeros};
  evaluator::CopyMatrices(pruned->matrices, &held.matrices);
  blocks_.push_back(held);
  return held;
}

}  // namespace strata::tasks
