#include "evaluator/sequential_pruner.h"

#include <ATen/ATen.h>

#include <utility>

#include "evaluator/calibration_pass.h"
#include "evaluator/input_hessians.h"
#include "evaluator/pruning_method.h"

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

absl::StatusOr<int64_t> SequentialPruner::PruneByScores(int block, const BlockSparsity& sparsity,
                                                        at::Tensor& hidden) {
  const ModelConfig& config = model_.config();
  const BlockMatrices matrices = model_.matrices(block);
  BlockScalers scalers;
  if (forward_.has_value()) {
    const absl::StatusOr<BlockMatrices> observed = Observed(block, sparsity);
    if (!observed.ok()) return observed.status();
    scalers = RunAndObserve(*forward_, *observed, model_.vectors(block), sequences_, hidden,
                            /*observer=*/nullptr, ObservedExtent());
  }
  const pruning::Competition competition = CompetitionOf(options_.method);
  int64_t zeros = 0;
  for (int linear = 0; linear < model_.config().linears_per_block(); ++linear) {
    const pruning::WeightView dense = ViewOf(matrices.Linear(config, linear));
    const auto pattern =
        pruning::PatternFor(sparsity[linear], options_.method.group, dense.columns);
    if (!pattern.ok()) return InLinear(pattern.status(), block, linear);
    const auto scores =
        pruning::WeightScores::Create(ScoreOf(options_.method.pruner), dense,
                                      scalers[static_cast<int>(InputOf(model_.config(), linear))]);
    if (!scores.ok()) return InLinear(scores.status(), block, linear);
    const at::Tensor output = buffer_.Linear(config, linear);
    const absl::Status status = pruning::PruneOnce(
        *scores, competition, pruning::RemovedPerCompetition(competition, *pattern, dense),
        output.data_ptr<float>());
    if (!status.ok()) return InLinear(status, block, linear);
    zeros += pruning::CountZeros(ValuesOf(output));
  }
  return zeros;
}

absl::StatusOr<int64_t> SequentialPruner::PruneBySparseGpt(int block, const BlockSparsity& sparsity,
                                                           at::Tensor& hidden) {
  const absl::StatusOr<BlockMatrices> observed = Observed(block, sparsity);
  if (!observed.ok()) return observed.status();
  const absl::StatusOr<BlockFactors> factors = RunAndFactor(
      *forward_, *observed, model_.vectors(block), sequences_, hidden, ObservedExtent());
  if (!factors.ok()) return factors.status();
  CopyMatrices(model_.matrices(block), &buffer_);
  return PruneBlockBySparseGpt(model_.config(), *factors, block, sparsity, options_.method.group,
                               buffer_);
}

absl::StatusOr<PrunedBlock> SequentialPruner::Prune(int block, const BlockSparsity& sparsity) {
  const at::InferenceMode guard;
  at::Tensor observed_output = FeedsPruned() ? hidden_.clone() : hidden_;
  const absl::StatusOr<int64_t> zeros = options_.method.pruner == Pruner::kSparseGpt
                                            ? PruneBySparseGpt(block, sparsity, observed_output)
                                            : PruneByScores(block, sparsity, observed_output);
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
