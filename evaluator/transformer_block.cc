#include "evaluator/transformer_block.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "evaluator/row_kernels.h"

namespace strata::evaluator {
namespace {

// Tokens multiplied at once: enough rows for an efficient matrix product, few enough that the
// widest intermediate result stays in the last-level cache.
constexpr int64_t kBatchTokens = 1024;

at::ScalarType TypeOf(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::kFloat32 ? at::kFloat : at::kBFloat16;
}

}  // namespace

BlockInput InputOf(int linear) {
  if (linear < 3) return BlockInput::kAttention;
  if (linear == 3) return BlockInput::kAttentionOutput;
  return linear < 6 ? BlockInput::kFeedForward : BlockInput::kDown;
}

BlockMatrices BlockMatrices::Allocate(const ModelConfig& config, Arithmetic arithmetic) {
  const at::TensorOptions options(TypeOf(arithmetic));
  const int64_t query = config.query_rows();
  return {at::empty({query + 2 * config.key_value_rows(), config.hidden}, options),
          at::empty({config.hidden, query}, options),
          at::empty({2 * config.feed_forward, config.hidden}, options),
          at::empty({config.hidden, config.feed_forward}, options)};
}

const at::Tensor& BlockMatrices::Of(BlockInput input) const {
  switch (input) {
    case BlockInput::kAttention:
      return query_key_value;
    case BlockInput::kAttentionOutput:
      return attention_output;
    case BlockInput::kFeedForward:
      return gate_up;
    default:
      return down;
  }
}

at::Tensor BlockMatrices::Linear(const ModelConfig& config, int linear) const {
  const int64_t query = config.query_rows();
  const int64_t key_value = config.key_value_rows();
  switch (linear) {
    case 0:
      return query_key_value.narrow(0, 0, query);
    case 1:
      return query_key_value.narrow(0, query, key_value);
    case 2:
      return query_key_value.narrow(0, query + key_value, key_value);
    case 3:
      return attention_output;
    case 4:
      return gate_up.narrow(0, 0, config.feed_forward);
    case 5:
      return gate_up.narrow(0, config.feed_forward, config.feed_forward);
    default:
      return down;
  }
}

pruning::WeightView ViewOf(const at::Tensor& linear) {
  return {linear.data_ptr<float>(), linear.size(0), linear.size(1)};
}

std::span<const float> ValuesOf(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

BlockForward::BlockForward(const ModelConfig& config, int64_t window_tokens, Arithmetic arithmetic)
    : config_(config),
      window_tokens_(window_tokens),
      batch_windows_(std::max<int64_t>(1, kBatchTokens / window_tokens)) {
  const at::InferenceMode guard;
  const int64_t rows = batch_windows_ * window_tokens_;
  const at::TensorOptions options(TypeOf(arithmetic));
  rotary_ = RotaryTable(window_tokens, RotaryFrequencies(config));
  normed_ = at::empty({rows, config.hidden}, options);
  projected_ = at::empty({rows, config.query_rows() + 2 * config.key_value_rows()}, options);
  attended_ = at::empty({rows, config.query_rows()}, options);
  gate_up_ = at::empty({rows, 2 * config.feed_forward}, options);
  gated_ = at::empty({rows, config.feed_forward}, options);
  if (arithmetic != Arithmetic::kFloat32) addend_ = at::empty({rows, config.hidden}, options);
}

void BlockForward::Run(const BlockMatrices& matrices, const BlockNorms& norms, at::Tensor& hidden,
                       const InputObserver& observer) {
  const at::InferenceMode guard;
  const int64_t batch = batch_windows_ * window_tokens_;
  for (int64_t first = 0; first < hidden.size(0); first += batch) {
    at::Tensor rows = hidden.narrow(0, first, std::min(batch, hidden.size(0) - first));
    RunBatch(matrices, norms, rows, observer);
  }
}

void BlockForward::RunBatch(const BlockMatrices& matrices, const BlockNorms& norms,
                            at::Tensor& hidden, const InputObserver& observer) {
  const int64_t rows = hidden.size(0);
  at::Tensor normed = normed_.narrow(0, 0, rows);
  at::Tensor projected = projected_.narrow(0, 0, rows);
  at::Tensor attended = attended_.narrow(0, 0, rows);
  at::Tensor gate_up = gate_up_.narrow(0, 0, rows);
  at::Tensor gated = gated_.narrow(0, 0, rows);

  RmsNorm(hidden, norms.attention, config_.norm_epsilon, normed);
  if (observer) observer(BlockInput::kAttention, normed);
  at::mm_out(projected, normed, matrices.query_key_value.t());
  // Keys follow queries, so both are rotated as one run of heads.
  Rotate(projected, config_.heads + config_.key_value_heads, config_.head_dimension, window_tokens_,
         rotary_);
  Attend(rows / window_tokens_);
  if (observer) observer(BlockInput::kAttentionOutput, attended);
  AddProduct(attended, matrices.attention_output, hidden);

  RmsNorm(hidden, norms.feed_forward, config_.norm_epsilon, normed);
  if (observer) observer(BlockInput::kFeedForward, normed);
  at::mm_out(gate_up, normed, matrices.gate_up.t());
  SwiGlu(gate_up, gated);
  if (observer) observer(BlockInput::kDown, gated);
  AddProduct(gated, matrices.down, hidden);
}

void BlockForward::Attend(int64_t windows) {
  const int64_t dimension = config_.head_dimension;
  const int64_t groups = config_.key_value_heads;
  const int64_t group_heads = config_.heads / groups;
  const int64_t columns = projected_.size(1);
  // The heads that share a key and value are LibTorch's heads, and the groups its batch: a stride
  // of zero then repeats keys and values without copying them.
  const std::array<int64_t, 4> shape = {groups, group_heads, window_tokens_, dimension};
  for (int64_t window = 0; window < windows; ++window) {
    const int64_t start = window * window_tokens_ * columns;
    const int64_t key_start = start + config_.query_rows();
    const int64_t value_start = key_start + config_.key_value_rows();
    const at::Tensor query =
        projected_.as_strided(shape, {group_heads * dimension, dimension, columns, 1}, start);
    const at::Tensor key = projected_.as_strided(shape, {dimension, 0, columns, 1}, key_start);
    const at::Tensor value = projected_.as_strided(shape, {dimension, 0, columns, 1}, value_start);
    const at::Tensor result = at::scaled_dot_product_attention(
        query, key, value, /*attn_mask=*/{}, /*dropout_p=*/0.0, /*is_causal=*/true);
    attended_.narrow(0, window * window_tokens_, window_tokens_)
        .view({window_tokens_, groups, group_heads, dimension})
        .copy_(result.permute({2, 0, 1, 3}));
  }
}

void BlockForward::AddProduct(const at::Tensor& rows, const at::Tensor& matrix,
                              at::Tensor& hidden) {
  if (!addend_.defined()) {
    hidden.addmm_(rows, matrix.t());
    return;
  }
  at::Tensor addend = addend_.narrow(0, 0, rows.size(0));
  at::mm_out(addend, rows, matrix.t());
  AddBFloat16(addend, hidden);
}

}  // namespace strata::evaluator
