#include "evaluator/pruners/held_blocks.h"

#include <ATen/ATen.h>

#include <utility>

namespace strata::evaluator {

HeldBlocks::HeldBlocks(const ModelConfig& config, Arithmetic arithmetic,
                       std::unique_ptr<BlockPruner> source)
    : config_(config), arithmetic_(arithmetic), source_(std::move(source)) {}

absl::StatusOr<PrunedBlock> HeldBlocks::Prune(int block, const BlockSparsity& sparsity) {
  const at::InferenceMode guard;
  if (block < static_cast<int>(blocks_.size())) return blocks_[block];
  const auto pruned = source_->Prune(block, sparsity);
  if (!pruned.ok()) return pruned.status();
  PrunedBlock held{BlockMatrices::Allocate(config_, arithmetic_), pruned->zeros};
  CopyMatrices(pruned->matrices, &held.matrices);
  blocks_.push_back(held);
  return held;
}

}  // namespace strata::evaluator
