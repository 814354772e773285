#include "evaluator/pruners/block_pruner.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

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

absl::StatusOr<PrunedBlock> DenseBlocks::Prune(int block, const BlockSparsity&) {
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

}  // namespace strata::evaluator
