#include "evaluator/sequential_pruner.h"

#include <ATen/ATen.h>

#include "evaluator/calibration_pass.h"
#include "evaluator/input_hessians.h"
#include "evaluator/pruning_method.h"

namespace strata::evaluator {

SequentialPruner::SequentialPruner(const TransformerModel& model, const Windows& sequences,
                                   const PruningMethod& method, Arithmetic arithmetic,
                                   Protocol protocol)
    : model_(model),
      sequences_(static_cast<int64_t>(sequences.size())),
      method_(method),
      protocol_(protocol) {
  const at::InferenceMode guard;
  if (NeedsActivations(method.pruner)) {
    forward_.emplace(model.config(), static_cast<int64_t>(sequences.front().size()),
                     Arithmetic::kFloat32);
    hidden_ = model.Embed(sequences);
  }
  buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
  if (arithmetic == Arithmetic::kBFloat16) {
    bfloat16_buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
  }
}

absl::StatusOr<int64_t> SequentialPruner::PruneByScores(int block, const BlockSparsity& sparsity,
                                                        at::Tensor& hidden) {
  const ModelConfig& config = model_.config();
  const BlockMatrices matrices = model_.matrices(block);
  BlockScalers scalers;
  if (forward_.has_value()) {
    scalers = RunAndObserve(*forward_, matrices, model_.vectors(block), sequences_, hidden);
  }
  const pruning::Competition competition = CompetitionOf(method_);
  int64_t zeros = 0;
  for (int linear = 0; linear < model_.config().linears_per_block(); ++linear) {
    const pruning::WeightView dense = ViewOf(matrices.Linear(config, linear));
    const auto pattern = pruning::PatternFor(sparsity[linear], method_.group, dense.columns);
    if (!pattern.ok()) return InLinear(pattern.status(), block, linear);
    const auto scores =
        pruning::WeightScores::Create(ScoreOf(method_.pruner), dense,
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
  const BlockMatrices matrices = model_.matrices(block);
  const absl::StatusOr<BlockFactors> factors =
      RunAndFactor(*forward_, matrices, model_.vectors(block), sequences_, hidden);
  if (!factors.ok()) return factors.status();
  CopyMatrices(matrices, &buffer_);
  return PruneBlockBySparseGpt(model_.config(), *factors, block, sparsity, method_.group, buffer_);
}

absl::StatusOr<PrunedBlock> SequentialPruner::Prune(int block, const BlockSparsity& sparsity) {
  const at::InferenceMode guard;
  const bool feeds_pruned = protocol_ == Protocol::kSequential && forward_.has_value();
  at::Tensor dense_output = feeds_pruned ? hidden_.clone() : hidden_;
  const absl::StatusOr<int64_t> zeros = method_.pruner == Pruner::kSparseGpt
                                            ? PruneBySparseGpt(block, sparsity, dense_output)
                                            : PruneByScores(block, sparsity, dense_output);
  if (!zeros.ok()) return zeros.status();
  if (feeds_pruned) forward_->Run(buffer_, model_.vectors(block), hidden_);
  if (!bfloat16_buffer_.has_value()) return PrunedBlock{buffer_, *zeros};
  RoundMatrices(buffer_, &*bfloat16_buffer_);
  return PrunedBlock{*bfloat16_buffer_, *zeros};
}

}  // namespace strata::evaluator
