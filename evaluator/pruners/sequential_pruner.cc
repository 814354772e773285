#include "evaluator/pruners/sequential_pruner.h"

#include <ATen/ATen.h>

#include <utility>

#include "evaluator/pruners/pruning_method.h"

namespace strata::evaluator {

absl::Status CheckOnePass(Protocol protocol) {
  if (protocol != Protocol::kRefreshed) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "protocol: expected one-shot or sequential, found refreshed, which is one of a search's "
      "fidelities");
}

SequentialPruner::SequentialPruner(const TransformerModel& model, const Windows& sequences,
                                   const SequentialPrunerOptions& options,
                                   std::unique_ptr<BlockPruner> one_shot)
    : model_(model),
      sequences_(static_cast<int64_t>(sequences.size())),
      options_(options),
      one_shot_(std::move(one_shot)) {
  const at::InferenceMode guard;
  if (NeedsActivations(options.method.pruner)) {
    forward_.emplace(model.config(), static_cast<int64_t>(sequences.front().size()),
                     options.calibration);
    hidden_ = model.Embed(sequences);
    if (options.calibration == Arithmetic::kBFloat16 && one_shot_ == nullptr) {
      bfloat16_dense_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
    }
  }
  buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
  if (options.arithmetic == Arithmetic::kBFloat16) {
    bfloat16_buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
  }
}

absl::StatusOr<BlockMatrices> SequentialPruner::Observed(int block, const BlockSparsity& sparsity) {
  if (one_shot_ != nullptr) {
    absl::StatusOr<PrunedBlock> pruned = one_shot_->Prune(block, sparsity);
    if (!pruned.ok()) return pruned.status();
    return pruned->matrices;
  }
  const BlockMatrices dense = model_.matrices(block);
  if (!bfloat16_dense_.has_value()) return dense;
  RoundMatrices(dense, &*bfloat16_dense_);
  return *bfloat16_dense_;
}

absl::StatusOr<BlockStatistics> SequentialPruner::Observe(int block, const BlockSparsity& sparsity,
                                                          at::Tensor& hidden) {
  BlockStatistics statistics;
  if (!forward_.has_value()) return statistics;
  const absl::StatusOr<BlockMatrices> observed = Observed(block, sparsity);
  if (!observed.ok()) return observed.status();
  if (options_.method.pruner == Pruner::kSparseGpt) {
    absl::StatusOr<BlockFactors> factors = RunAndFactor(*forward_, *observed, model_.vectors(block),
                                                        sequences_, hidden, ObservedExtent());
    if (!factors.ok()) return factors.status();
    statistics.factors = *std::move(factors);
  } else {
    statistics.scalers = RunAndObserve(*forward_, *observed, model_.vectors(block), sequences_,
                                       hidden, /*observer=*/nullptr, ObservedExtent());
  }
  return statistics;
}

absl::StatusOr<PrunedBlock> SequentialPruner::Prune(int block, const BlockSparsity& sparsity) {
  const at::InferenceMode guard;
  at::Tensor observed_output = FeedsPruned() ? hidden_.clone() : hidden_;
  absl::StatusOr<BlockStatistics> statistics = Observe(block, sparsity, observed_output);
  if (!statistics.ok()) return statistics.status();
  statistics_ = *std::move(statistics);
  const absl::StatusOr<int64_t> zeros =
      PruneBlock(model_, block, options_.method, statistics_, sparsity, buffer_);
  if (!zeros.ok()) return zeros.status();
  PrunedBlock pruned{buffer_, *zeros};
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
