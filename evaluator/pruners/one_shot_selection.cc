#include "evaluator/pruners/one_shot_selection.h"

#include <ATen/ATen.h>

#include "evaluator/pruners/block_statistics.h"

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
  BlockStatistics statistics;
  if (statistics_ != nullptr) statistics.scalers = statistics_->scalers[static_cast<size_t>(block)];
  const absl::StatusOr<int64_t> zeros =
      PruneBlock(model_, block, method_, statistics, sparsity, buffer_);
  if (!zeros.ok()) return zeros.status();
  PrunedBlock pruned{buffer_, *zeros};
  if (!bfloat16_buffer_.has_value()) return pruned;
  RoundMatrices(buffer_, &*bfloat16_buffer_);
  pruned.matrices = *bfloat16_buffer_;
  return pruned;
}

}  // namespace strata::evaluator
