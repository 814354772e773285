#include "evaluator/pruners/block_statistics.h"

#include <ATen/ATen.h>

namespace strata::evaluator {

absl::StatusOr<int64_t> PruneBlock(const TransformerModel& model, int block,
                                   const PruningMethod& method, const BlockStatistics& statistics,
                                   const BlockSparsity& sparsity, BlockMatrices& pruned) {
  const at::InferenceMode guard;
  const ModelConfig& config = model.config();
  const BlockMatrices matrices = model.matrices(block);
  if (!RowOf(method.pruner).score.has_value()) {
    CopyMatrices(matrices, &pruned);
    return PruneBlockBySparseGpt(config, statistics.factors.value(), block, sparsity, method.group,
                                 pruned);
  }
  const pruning::Competition competition = CompetitionOf(method);
  int64_t zeros = 0;
  for (int linear = 0; linear < config.linears_per_block(); ++linear) {
    const pruning::WeightView dense = ViewOf(matrices.Linear(config, linear));
    const auto pattern = pruning::PatternFor(sparsity[linear], method.group, dense.columns);
    if (!pattern.ok()) return InLinear(pattern.status(), block, linear);
    const auto scores = pruning::WeightScores::Create(
        ScoreOf(method.pruner), dense,
        statistics.scalers[static_cast<size_t>(InputOf(config, linear))]);
    if (!scores.ok()) return InLinear(scores.status(), block, linear);
    const at::Tensor output = pruned.Linear(config, linear);
    const absl::Status status = pruning::PruneOnce(
        *scores, competition, pruning::RemovedPerCompetition(competition, *pattern, dense),
        output.data_ptr<float>());
    if (!status.ok()) return InLinear(status, block, linear);
    zeros += pruning::CountZeros(ValuesOf(output));
  }
  return zeros;
}

pruning::Competition CompetitionOf(const PruningMethod& method) {
  const pruning::SparsityPattern pattern{.group = method.group};
  return pruning::Competition::For(ScoreOf(method.pruner), pattern);
}

}  // namespace strata::evaluator
