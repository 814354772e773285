#include "evaluator/pruners/block_source.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "expr/status_macros.h"

namespace strata::evaluator {

namespace {

struct FromTo {
  const at::Tensor& from;
  at::Tensor& to;
};

std::array<FromTo, 4> Pairs(const BlockMatrices& from, BlockMatrices* to) {
  return {{{from.query_key_value, to->query_key_value},
           {from.attention_output, to->attention_output},
           {from.gate_up, to->gate_up},
           {from.down, to->down}}};
}

}  // namespace

void RoundMatrices(const BlockMatrices& matrices, BlockMatrices* rounded) {
  for (const auto& [from, to] : Pairs(matrices, rounded)) {
    pruning::ToBFloat16(ValuesOf(from), BFloat16BitsOf(to));
  }
}

void CopyMatrices(const BlockMatrices& matrices, BlockMatrices* copy) {
  for (const auto& [from, to] : Pairs(matrices, copy)) to.copy_(from);
}

uint16_t* BFloat16BitsOf(const at::Tensor& tensor) {
  return reinterpret_cast<uint16_t*>(tensor.data_ptr<at::BFloat16>());
}

absl::Status InLinear(const absl::Status& status, int block, int linear) {
  if (status.ok()) return status;
  return absl::Status(status.code(), fmt::format("block {}, linear {}: {}", block, linear,
                                                 std::string(status.message())));
}

DenseBlocks::DenseBlocks(const TransformerModel& model, Arithmetic arithmetic) : model_(model) {
  const at::InferenceMode guard;
  if (arithmetic == Arithmetic::kBFloat16) {
    buffer_ = BlockMatrices::Allocate(model.config(), Arithmetic::kBFloat16);
  }
}

absl::StatusOr<PrunedBlock> DenseBlocks::Next(int block) {
  const at::InferenceMode guard;
  const BlockMatrices& dense = model_.matrices(block);
  PrunedBlock pruned{dense, 0};
  for (int linear = 0; linear < model_.config().linears_per_block(); ++linear) {
    pruned.zeros += pruning::CountZeros(ValuesOf(dense.Linear(model_.config(), linear)));
  }
  if (buffer_.has_value()) {
    RoundMatrices(dense, &*buffer_);
    pruned.matrices = *buffer_;
  }
  return pruned;
}

HeldBlocks::HeldBlocks(const ModelConfig& config, Arithmetic arithmetic,
                       std::unique_ptr<BlockSource> source)
    : config_(config), arithmetic_(arithmetic), source_(std::move(source)) {}

absl::StatusOr<PrunedBlock> HeldBlocks::Next(int block) {
  const at::InferenceMode guard;
  if (block < static_cast<int>(blocks_.size())) return blocks_[block];
  STRATA_ASSIGN_OR_RETURN(const auto pruned, source_->Next(block));
  PrunedBlock held{BlockMatrices::Allocate(config_, arithmetic_), pruned.zeros};
  CopyMatrices(pruned.matrices, &held.matrices);
  blocks_.push_back(held);
  return held;
}

}  // namespace strata::evaluator
