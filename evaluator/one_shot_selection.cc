#include "evaluator/one_shot_selection.h"

#include <ATen/ATen.h>

#include "evaluator/pruning_method.h"
#include "pruning/sparsity_pattern.h"
#include "pruning/weight_ranks.h"
#include "pruning/weight_scores.h"

namespace strata::evaluator {

OneShotSelection::OneShotSelection(const TransformerModel& model,
                                   const CalibrationStatistics* statistics,
                                   const PruningMethod& method, Arithmetic arithmetic)
    : model_(model), statistics_(statistics), method_(method) {
  const at::InferenceMode guard;
  buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
  if (arithmetic == Arithmetic::kBFloat16) {
    bfloat16_buffer_ = BlockMatrices::Allocate(model.config(), arithmetic);
  }
}

absl::StatusOr<PrunedBlock> OneShotSelection::Prune(int block, const BlockSparsity& sparsity) {
  const at::InferenceMode guard;
  const BlockMatrices dense = model_.matrices(block);
  PrunedBlock pruned{buffer_, 0};
  for (int linear = 0; linear < model_.config().linears_per_block(); ++linear) {
    const absl::Status status =
        PruneLinear(block, linear, dense.Linear(model_.config(), linear), sparsity[linear]);
    if (!status.ok()) return InLinear(status, block, linear);
    pruned.zeros += pruning::CountZeros(ValuesOf(buffer_.Linear(model_.config(), linear)));
  }
  if (!bfloat16_buffer_.has_value()) return pruned;
  RoundMatrices(buffer_, &*bfloat16_buffer_);
  pruned.matrices = *bfloat16_buffer_;
  return pruned;
}

absl::Status OneShotSelection::PruneLinear(int block, int linear, const at::Tensor& dense,
                                           double sparsity) {
  const pruning::WeightView weights = ViewOf(dense);
  const auto pattern = pruning::PatternFor(sparsity, method_.group, weights.columns);
  if (!pattern.ok()) return pattern.status();
  const std::span<const float> scaler =
      statistics_ == nullptr ? std::span<const float>() : statistics_->ScalerRow(block, linear);
  const auto scores = pruning::WeightScores::Create(ScoreOf(method_.pruner), weights, scaler);
  if (!scores.ok()) return scores.status();
  const pruning::Competition competition = CompetitionOf(method_);
  const int64_t removed = pruning::RemovedPerCompetition(competition, *pattern, weights);
  return pruning::PruneOnce(*scores, competition, removed,
                            buffer_.Linear(model_.config(), linear).data_ptr<float>());
}

}  // namespace strata::evaluator
