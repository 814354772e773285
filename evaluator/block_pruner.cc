#include "evaluator/block_pruner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

namespace strata::evaluator {
namespace {

uint16_t* Bits(const at::Tensor& tensor) {
  return reinterpret_cast<uint16_t*>(tensor.data_ptr<at::BFloat16>());
}

std::span<const float> Values(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

// Rounds all matrices of a block.
void RoundTo(const BlockMatrices& matrices, BlockMatrices* rounded) {
  const std::pair<const at::Tensor*, at::Tensor*> pairs[] = {
      {&matrices.query_key_value, &rounded->query_key_value},
      {&matrices.attention_output, &rounded->attention_output},
      {&matrices.gate_up, &rounded->gate_up},
      {&matrices.down, &rounded->down}};
  for (const auto& [from, to] : pairs) pruning::ToBFloat16(Values(*from), Bits(*to));
}

absl::Status InLinear(const absl::Status& status, int block, int linear) {
  if (status.ok()) return status;
  return absl::Status(status.code(), fmt::format("block {}, linear {}: {}", block, linear,
                                                 std::string(status.message())));
}

}  // namespace

DenseBlocks::DenseBlocks(const LlamaModel& model, Arithmetic arithmetic) : model_(model) {
  const at::InferenceMode guard;
  if (arithmetic == Arithmetic::kBFloat16) {
    buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
  }
}

absl::StatusOr<PrunedBlock> DenseBlocks::Prune(int block, const BlockSparsity&) {
  const at::InferenceMode guard;
  const BlockMatrices& dense = model_.matrices(block);
  PrunedBlock pruned{dense, 0};
  for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
    pruned.zeros += pruning::CountZeros(Values(dense.Linear(model_.config(), linear)));
  }
  if (buffer_.has_value()) {
    RoundTo(dense, &*buffer_);
    pruned.matrices = *buffer_;
  }
  return pruned;
}

absl::StatusOr<RankBank> RankBank::Build(const LlamaModel& model,
                                         const CalibrationStatistics& statistics,
                                         const Progress& progress) {
  const at::InferenceMode guard;
  const LlamaConfig& config = model.config();
  RankBank bank;
  bank.ranks_.resize(static_cast<size_t>(config.blocks) * kLinearsPerBlock);
  for (int block = 0; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / config.blocks)) {
      return absl::CancelledError("stopped while ranking weights");
    }
    for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
      const at::Tensor weights = model.matrices(block).Linear(config, linear);
      const absl::Status status = bank.ranks_[block * kLinearsPerBlock + linear].Build(
          ViewOf(weights), statistics.ScalerRow(block, linear));
      if (!status.ok()) return InLinear(status, block, linear);
    }
  }
  return bank;
}

OneShotWanda::OneShotWanda(const LlamaModel& model, const RankBank& bank, Arithmetic arithmetic)
    : model_(model), bank_(bank), arithmetic_(arithmetic) {
  const at::InferenceMode guard;
  buffer_ = BlockMatrices::Allocate(model.config(), arithmetic);
}

absl::StatusOr<PrunedBlock> OneShotWanda::Prune(int block, const BlockSparsity& sparsity) {
  const at::InferenceMode guard;
  const LlamaConfig& config = model_.config();
  PrunedBlock pruned{buffer_, 0};
  for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
    const pruning::WeightView dense = ViewOf(model_.matrices(block).Linear(config, linear));
    const at::Tensor output = buffer_.Linear(config, linear);
    const pruning::RowRanks& ranks = bank_.ranks(block, linear);
    const int64_t removed = pruning::RemovedPerRow(dense.columns, sparsity[linear]);
    pruned.zeros += arithmetic_ == Arithmetic::kFloat32
                        ? ranks.Prune(dense, removed, output.data_ptr<float>())
                        : ranks.PruneToBFloat16(dense, removed, Bits(output));
  }
  return pruned;
}

SequentialWanda::SequentialWanda(const LlamaModel& model, const Windows& sequences,
                                 Arithmetic arithmetic)
    : model_(model),
      sequences_(static_cast<int64_t>(sequences.size())),
      forward_(model.config(), static_cast<int64_t>(sequences.front().size()),
               Arithmetic::kFloat32),
      hidden_(model.Embed(sequences)) {
  const at::InferenceMode guard;
  buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
  if (arithmetic == Arithmetic::kBFloat16) {
    bfloat16_buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
  }
}

absl::StatusOr<PrunedBlock> SequentialWanda::Prune(int block, const BlockSparsity& sparsity) {
  const at::InferenceMode guard;
  const LlamaConfig& config = model_.config();
  // The statistics are those of the block before it is pruned; its dense outputs are not used.
  at::Tensor dense_output = hidden_.clone();
  const BlockScalers scalers = RunAndObserve(forward_, model_.matrices(block), model_.norms(block),
                                             sequences_, dense_output);
  PrunedBlock pruned{buffer_, 0};
  for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
    const pruning::WeightView dense = ViewOf(model_.matrices(block).Linear(config, linear));
    const at::Tensor output = buffer_.Linear(config, linear);
    const absl::Status status = pruning::PruneOnce(
        dense, scalers[static_cast<int>(InputOf(linear))],
        pruning::RemovedPerRow(dense.columns, sparsity[linear]), output.data_ptr<float>());
    if (!status.ok()) return InLinear(status, block, linear);
    pruned.zeros += pruning::CountZeros(Values(output));
  }
  forward_.Run(buffer_, model_.norms(block), hidden_);
  if (bfloat16_buffer_.has_value()) {
    RoundTo(buffer_, &*bfloat16_buffer_);
    pruned.matrices = *bfloat16_buffer_;
  }
  return pruned;
}

}  // namespace strata::evaluator
