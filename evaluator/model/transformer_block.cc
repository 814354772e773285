#include "evaluator/model/transformer_block.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <limits>

#include "evaluator/model/block_steps.h"
#include "evaluator/model/matrix_product.h"
#include "evaluator/model/row_kernels.h"

namespace strata::evaluator {
namespace {

// Number of tokens multiplied at once. There are enough rows for an efficient matrix product, and
// few enough that the widest intermediate result stays in the last-level cache.
constexpr int64_t kBatchTokens = 1024;

// Number of queries whose scores are formed at once if attention needs a mask.
constexpr int64_t kMaskedQueries = 512;

at::ScalarType TypeOf(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::kFloat32 ? at::kFloat : at::kBFloat16;
}

}  // namespace

BlockInput InputOf(const ModelConfig& config, int linear) {
  switch (PartOf(config, linear)) {
    case BlockPart::kQuery:
    case BlockPart::kKey:
    case BlockPart::kValue:
      return BlockInput::kAttention;
    case BlockPart::kAttentionOutput:
      return BlockInput::kAttentionOutput;
    case BlockPart::kDown:
      return BlockInput::kDown;
    default:
      return BlockInput::kFeedForward;
  }
}

BlockMatrices BlockMatrices::Allocate(const ModelConfig& config, Arithmetic arithmetic) {
  const at::TensorOptions options(TypeOf(arithmetic));
  const int64_t query = config.query_rows();
  return {at::empty({query + 2 * config.key_value_rows(), config.hidden}, options),
          at::empty({config.hidden, query}, options),
          at::empty({(config.gated() ? 2 : 1) * config.feed_forward, config.hidden}, options),
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
  const int64_t feed_forward = config.feed_forward;
  switch (PartOf(config, linear)) {
    case BlockPart::kQuery:
      return query_key_value.narrow(0, 0, query);
    case BlockPart::kKey:
      return query_key_value.narrow(0, query, key_value);
    case BlockPart::kValue:
      return query_key_value.narrow(0, query + key_value, key_value);
    case BlockPart::kAttentionOutput:
      return attention_output;
    case BlockPart::kGate:
      return gate_up.narrow(0, 0, feed_forward);
    case BlockPart::kUp:
      return gate_up.narrow(0, config.gated() ? feed_forward : 0, feed_forward);
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
    : BlockForward(
          config,
          TokenLayout::Windows(std::max<int64_t>(1, kBatchTokens / window_tokens), window_tokens),
          arithmetic) {}

BlockForward::BlockForward(const ModelConfig& config, const TokenLayout& layout,
                           Arithmetic arithmetic)
    : config_(config) {
  const at::InferenceMode guard;
  const std::vector<int64_t> positions = layout.Positions();
  const std::vector<TokenSegment>& segments = layout.segments();
  int64_t batch_start = 0;
  for (size_t i = 0; i < segments.size();) {
    Group group{segments[i].first_row, 0, {}};
    do {
      group.segments.push_back(segments[i]);
      group.rows += segments[i].rows;
    } while (++i < segments.size() && segments[i].prefix >= 0);
    if (batches_.empty() || batches_.back().rows + group.rows > kBatchTokens) {
      batches_.emplace_back();
      batch_start = group.first_row;
    }
    Batch& batch = batches_.back();
    batch.rows += group.rows;
    batch.positions.insert(batch.positions.end(), positions.begin() + group.first_row,
                           positions.begin() + group.first_row + group.rows);
    for (TokenSegment& segment : group.segments) segment.first_row -= group.first_row;
    group.first_row -= batch_start;
    batch.groups.push_back(std::move(group));
  }
  rotary_ = RotaryTables::Of(config, layout.LongestSequence());
  Allocate(arithmetic);
}

void BlockForward::Allocate(Arithmetic arithmetic) {
  int64_t rows = 0;
  for (const Batch& batch : batches_) rows = std::max(rows, batch.rows);
  const at::TensorOptions options(TypeOf(arithmetic));
  normed_ = at::empty({rows, config_.hidden}, options);
  projected_ = at::empty({rows, config_.query_rows() + 2 * config_.key_value_rows()}, options);
  attended_ = at::empty({rows, config_.query_rows()}, options);
  gate_up_ = at::empty({rows, (config_.gated() ? 2 : 1) * config_.feed_forward}, options);
  gated_ = at::empty({rows, config_.feed_forward}, options);
  // In float32 a product is added to the residual as it is formed, unless it is normalised first.
  const bool adds_directly =
      arithmetic == Arithmetic::kFloat32 && !config_.family->Has(BlockPart::kAttentionOutputNorm);
  if (!adds_directly) addend_ = at::empty({rows, config_.hidden}, options);
}

void BlockForward::Run(const BlockMatrices& matrices, const BlockVectors& vectors,
                       at::Tensor& hidden, const InputObserver& observer, BlockExtent extent) {
  const at::InferenceMode guard;
  int64_t first = 0;
  for (size_t i = 0; first < hidden.size(0); ++i) {
    const Batch& batch = batches_[i % batches_.size()];
    const int64_t count = std::min(batch.rows, hidden.size(0) - first);
    at::Tensor rows = hidden.narrow(0, first, count);
    RunBatch(matrices, vectors, batch, rows, observer, extent);
    first += count;
  }
}

void BlockForward::RunBatch(const BlockMatrices& matrices, const BlockVectors& vectors,
                            const Batch& batch, at::Tensor& hidden, const InputObserver& observer,
                            BlockExtent extent) {
  const int64_t rows = hidden.size(0);
  at::Tensor normed = normed_.narrow(0, 0, rows);
  at::Tensor projected = projected_.narrow(0, 0, rows);
  at::Tensor attended = attended_.narrow(0, 0, rows);
  at::Tensor gate_up = gate_up_.narrow(0, 0, rows);
  at::Tensor gated = gated_.narrow(0, 0, rows);

  NormalizeInput(config_, hidden, vectors.attention, normed);
  if (observer) observer(BlockInput::kAttention, normed);
  MultiplyByTransposed(normed, matrices.query_key_value, projected);
  FinishProjections(config_, vectors, std::span(batch.positions).first(static_cast<size_t>(rows)),
                    rotary_.For(vectors), projected);
  Attend(batch, rows, vectors.slides ? config_.sliding_window : 0);
  if (observer) observer(BlockInput::kAttentionOutput, attended);
  AddProduct(attended, matrices.attention_output, vectors.attention_output_bias,
             vectors.attention_output, hidden);
  if (config_.norms_after_residual) Normalize(config_, hidden, vectors.attention, hidden);

  NormalizeInput(config_, hidden, vectors.feed_forward, normed);
  if (observer) observer(BlockInput::kFeedForward, normed);
  MultiplyByTransposed(normed, matrices.gate_up, gate_up);
  Activate(config_, vectors, gate_up, gated);
  if (observer) observer(BlockInput::kDown, gated);
  if (extent == BlockExtent::kInputs) return;
  AddProduct(gated, matrices.down, vectors.down_bias, vectors.feed_forward_output, hidden);
  if (config_.norms_after_residual) Normalize(config_, hidden, vectors.feed_forward, hidden);
}

void BlockForward::Attend(const Batch& batch, int64_t rows, int64_t window) {
  for (const Group& group : batch.groups) {
    if (group.first_row >= rows) break;
    const bool sees_all = window == 0 || window >= group.rows;
    if (group.segments.size() == 1 && sees_all) {
      AttendCausally(group);
    } else {
      AttendMasked(group, window);
    }
  }
}

// Returns [key_value_heads, sharing heads, rows, dimension]. LibTorch takes the first dimension as
// its batch and the heads that share a key and value as its heads. A stride of zero then repeats
// keys and values without copying them.
at::Tensor BlockForward::Heads(int64_t first_row, int64_t rows, int64_t first_column,
                               bool is_query) const {
  const int64_t dimension = config_.head_dimension;
  const int64_t groups = config_.key_value_heads;
  const int64_t sharing = config_.heads / groups;
  const int64_t columns = projected_.size(1);
  const std::array<int64_t, 4> strides = {is_query ? sharing * dimension : dimension,
                                          is_query ? dimension : 0, columns, 1};
  return projected_.as_strided({groups, sharing, rows, dimension}, strides,
                               first_row * columns + first_column);
}

void BlockForward::StoreAttended(const at::Tensor& result, int64_t first_row) {
  const int64_t rows = result.size(2);
  attended_.narrow(0, first_row, rows)
      .view({rows, result.size(0), result.size(1), result.size(3)})
      .copy_(result.permute({2, 0, 1, 3}));
}

void BlockForward::AttendCausally(const Group& group) {
  const int64_t key = config_.query_rows();
  const int64_t value = key + config_.key_value_rows();
  StoreAttended(at::scaled_dot_product_attention(
                    Heads(group.first_row, group.rows, 0, /*is_query=*/true),
                    Heads(group.first_row, group.rows, key, /*is_query=*/false),
                    Heads(group.first_row, group.rows, value, /*is_query=*/false),
                    /*attn_mask=*/{}, /*dropout_p=*/0.0, /*is_causal=*/true,
                    /*scale=*/config_.attention_scale()),
                group.first_row);
}

void BlockForward::AttendMasked(const Group& group, int64_t window) {
  const int64_t key = config_.query_rows();
  const int64_t value = key + config_.key_value_rows();
  const int64_t prefix_rows = group.segments.size() > 1 ? group.segments.front().rows : 0;
  const int64_t reach = window == 0 ? std::numeric_limits<int64_t>::max() : window;
  size_t segment = 0;
  for (int64_t first = 0; first < group.rows; first += kMaskedQueries) {
    const int64_t count = std::min(kMaskedQueries, group.rows - first);
    const int64_t first_key = prefix_rows > 0 ? 0 : std::max<int64_t>(0, first - reach + 1);
    const int64_t keys = first + count - first_key;
    at::Tensor mask = at::full({count, keys}, -std::numeric_limits<float>::infinity());
    auto* entries = mask.data_ptr<float>();
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = first + i;
      while (row >= group.segments[segment].first_row + group.segments[segment].rows) ++segment;
      const int64_t own_first = group.segments[segment].first_row;
      const int64_t position = row - own_first + (segment > 0 ? prefix_rows : 0);
      const auto see = [&](int64_t from, int64_t to) {
        std::fill(entries + i * keys + from - first_key, entries + i * keys + to - first_key, 0.0f);
      };
      const int64_t own = std::max(own_first, row - std::min(reach, row + 1) + 1);
      see(own, row + 1);
      if (segment == 0) continue;
      const int64_t in_prefix = std::max<int64_t>(0, position - std::min(reach, position + 1) + 1);
      if (in_prefix < prefix_rows) see(in_prefix, prefix_rows);
    }
    StoreAttended(at::scaled_dot_product_attention(
                      Heads(group.first_row + first, count, 0, /*is_query=*/true),
                      Heads(group.first_row + first_key, keys, key, /*is_query=*/false),
                      Heads(group.first_row + first_key, keys, value, /*is_query=*/false),
                      mask.to(projected_.scalar_type()), /*dropout_p=*/0.0, /*is_causal=*/false,
                      /*scale=*/config_.attention_scale()),
                  group.first_row + first);
  }
}

void BlockForward::AddProduct(const at::Tensor& rows, const at::Tensor& matrix,
                              const at::Tensor& bias, const NormWeights& norm, at::Tensor& hidden) {
  if (!addend_.defined()) {
    AddProductByTransposed(rows, matrix, hidden);
    if (bias.defined()) hidden.add_(bias);
    return;
  }
  at::Tensor addend = addend_.narrow(0, 0, rows.size(0));
  MultiplyByTransposed(rows, matrix, addend);
  AddBranch(config_, bias, norm, addend, hidden);
}

}  // namespace strata::evaluator
