#include "evaluator/pruners/sequential_pruner.h"

#include <ATen/ATen.h>

#include <utility>

#include "expr/status_macros.h"

namespace strata::evaluator {

SequentialPruner::SequentialPruner(const TransformerModel& model, const Windows& sequences,
                                   std::vector<BlockSparsity> sparsity,
                                   const SequentialPrunerOptions& options)
    : model_(model),
      sequences_(static_cast<int64_t>(sequences.size())),
      sparsity_(std::move(sparsity)),
      options_(options) {
  const at::InferenceMode guard;
  if (NeedsActivations(options.method.pruner)) {
    forward_.emplace(model.config(), static_cast<int64_t>(sequences.front().size()),
                     options.calibration);
    hidden_ = model.Embed(sequences);
    if (options.calibration == Arithmetic::kBFloat16) {
      bfloat16_dense_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
    }
  }
  buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
  if (options.arithmetic == Arithmetic::kBFloat16) {
    bfloat16_buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
  }
}

absl::StatusOr<BlockStatistics> SequentialPruner::Observe(int block, at::Tensor& hidden) {
  BlockStatistics statistics;
  if (!forward_.has_value()) return statistics;
  BlockMatrices dense = model_.matrices(block);
  if (bfloat16_dense_.has_value()) {
    RoundMatrices(dense, &*bfloat16_dense_);
    dense = *bfloat16_dense_;
  }
  const BlockExtent extent = FeedsPruned() ? BlockExtent::kInputs : BlockExtent::kOutput;
  if (options_.method.pruner == Pruner::kSparseGpt) {
    STRATA_ASSIGN_OR_RETURN(
        statistics.factors,
        RunAndFactor(*forward_, dense, model_.vectors(block), sequences_, hidden, extent));
  } else {
    statistics.scalers = RunAndObserve(*forward_, dense, model_.vectors(block), sequences_, hidden,
                                       /*observer=*/nullptr, extent);
  }
  return statistics;
}

absl::StatusOr<PrunedBlock> SequentialPruner::Next(int block) {
  const at::InferenceMode guard;
  at::Tensor observed_output = FeedsPruned() ? hidden_.clone() : hidden_;
  STRATA_ASSIGN_OR_RETURN(statistics_, Observe(block, observed_output));
  STRATA_ASSIGN_OR_RETURN(const int64_t zeros,
                          PruneBlock(model_, block, options_.method, statistics_,
                                     sparsity_[static_cast<size_t>(block)], buffer_));
  PrunedBlock pruned{buffer_, zeros};
  if (bfloat16_buffer_.has_value()) {
    RoundMatrices(buffer_, &*bfloat16_buffer_);
    pruned.matrices = *bfloat16_buffer_;
  }
  if (FeedsPruned()) {
    forward_->Run(options_.calibration == Arithmetic::kFloat32 ? buffer_ : pruned.matrices,
                  model_.vectors(block), hidden_);
  }
  return pruned;
}

}  // namespace strata::evaluator
