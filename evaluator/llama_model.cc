#include "evaluator/llama_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>
#include <string>

#include "evaluator/row_kernels.h"

namespace strata::evaluator {
namespace {

// Index of the first number that is infinite or NaN, all of whose exponent bits are set; -1 if
// there is none. The first loop has no early end, so that it is fast for what is nearly always the
// case.
int64_t FirstNotFinite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7F800000;
  const auto is_bad = [](float value) {
    return (std::bit_cast<uint32_t>(value) & kExponent) == kExponent;
  };
  uint32_t any = 0;
  for (const float value : values) any |= is_bad(value) ? 1u : 0u;
  if (any == 0) return -1;
  return std::ranges::find_if(values, is_bad) - values.begin();
}

// Fills `output`, float32 and contiguous, from a tensor of its shape, which ReadLlamaConfig
// checked.
absl::Status LoadTensor(const GgufFile& file, const std::string& name, at::Tensor output) {
  const absl::StatusOr<const GgufTensor*> tensor = file.Tensor(name);
  if (!tensor.ok()) return tensor.status();
  const std::span<float> values(output.data_ptr<float>(), static_cast<size_t>(output.numel()));
  if (absl::Status status = Dequantize(**tensor, values); !status.ok()) return status;
  const int64_t bad = FirstNotFinite(values);
  if (bad < 0) return absl::OkStatus();
  return absl::DataLossError(fmt::format("{}: {}: expected finite weights, found {} at position {}",
                                         file.path(), name, values[bad], bad));
}

// GGUF interleaves the two halves of every head's rows: row 2j + half of a head there is row half *
// dimension/2 + j here.
void UndoInterleaving(at::Tensor rows, int64_t head_dimension) {
  const int64_t columns = rows.size(1);
  const at::Tensor ordered =
      rows.view({rows.size(0) / head_dimension, head_dimension / 2, 2, columns})
          .transpose(1, 2)
          .contiguous();
  rows.copy_(ordered.view({rows.size(0), columns}));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LlamaModel>> LlamaModel::Load(const GgufFile& file) {
  const at::InferenceMode guard;
  const absl::StatusOr<LlamaConfig> config = ReadLlamaConfig(file);
  if (!config.ok()) return config.status();
  std::unique_ptr<LlamaModel> model(new LlamaModel);
  model->config_ = *config;
  if (absl::Status status = model->LoadWeights(file); !status.ok()) return status;
  return model;
}

absl::Status LlamaModel::LoadWeights(const GgufFile& file) {
  embedding_ = at::empty({config_.vocabulary, config_.hidden});
  final_norm_ = at::empty({config_.hidden});
  if (absl::Status status = LoadTensor(file, "token_embd.weight", embedding_); !status.ok()) {
    return status;
  }
  if (absl::Status status = LoadTensor(file, "output_norm.weight", final_norm_); !status.ok()) {
    return status;
  }
  head_ = embedding_;
  if (file.tensors().contains("output.weight")) {
    head_ = at::empty({config_.vocabulary, config_.hidden});
    if (absl::Status status = LoadTensor(file, "output.weight", head_); !status.ok()) {
      return status;
    }
  }
  for (int block = 0; block < config_.blocks; ++block) {
    if (absl::Status status = LoadBlock(file, block); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status LlamaModel::LoadBlock(const GgufFile& file, int block) {
  constexpr const char* kNames[kLinearsPerBlock] = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                                    "ffn_gate", "ffn_up", "ffn_down"};
  const BlockMatrices matrices = BlockMatrices::Allocate(config_, Arithmetic::kFloat32);
  for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
    const at::Tensor weights = matrices.Linear(config_, linear);
    const std::string name = fmt::format("blk.{}.{}.weight", block, kNames[linear]);
    if (absl::Status status = LoadTensor(file, name, weights); !status.ok()) return status;
    if (linear < 2) UndoInterleaving(weights, config_.head_dimension);
  }
  const BlockNorms norms = {at::empty({config_.hidden}), at::empty({config_.hidden})};
  if (absl::Status status =
          LoadTensor(file, fmt::format("blk.{}.attn_norm.weight", block), norms.attention);
      !status.ok()) {
    return status;
  }
  if (absl::Status status =
          LoadTensor(file, fmt::format("blk.{}.ffn_norm.weight", block), norms.feed_forward);
      !status.ok()) {
    return status;
  }
  matrices_.push_back(matrices);
  norms_.push_back(norms);
  return absl::OkStatus();
}

at::Tensor LlamaModel::Embed(const Windows& windows) const {
  const at::InferenceMode guard;
  std::vector<int64_t> ids;
  for (const std::vector<int32_t>& window : windows) {
    ids.insert(ids.end(), window.begin(), window.end());
  }
  return embedding_.index_select(0, at::tensor(ids, at::kLong));
}

at::Tensor LlamaModel::FinalNorm(const at::Tensor& hidden) const {
  const at::InferenceMode guard;
  at::Tensor normed = at::empty_like(hidden);
  RmsNorm(hidden, final_norm_, config_.norm_epsilon, normed);
  return normed;
}

TokenLosses LlamaModel::Losses(const at::Tensor& hidden, const Windows& windows,
                               Arithmetic arithmetic) {
  const at::InferenceMode guard;
  const auto count = static_cast<int64_t>(windows.size());
  const auto tokens = static_cast<int64_t>(windows.front().size());
  std::vector<int64_t> targets;
  for (const std::vector<int32_t>& window : windows) {
    targets.insert(targets.end(), window.begin() + 1, window.end());
  }
  // The last token of a window predicts nothing.
  const at::Tensor predicting = hidden.view({count, tokens, config_.hidden})
                                    .narrow(1, 0, tokens - 1)
                                    .reshape({count * (tokens - 1), config_.hidden});
  const at::Tensor& head = Head(arithmetic);
  return NextTokenLosses(FinalNorm(predicting).to(head.scalar_type()), head, targets);
}

const at::Tensor& LlamaModel::Head(Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::kFloat32) return head_;
  if (!bfloat16_head_.defined()) bfloat16_head_ = head_.to(at::kBFloat16);
  return bfloat16_head_;
}

}  // namespace strata::evaluator
