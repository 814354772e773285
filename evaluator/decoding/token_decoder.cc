#include "evaluator/decoding/token_decoder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "evaluator/clock.h"
#include "evaluator/model/block_steps.h"
#include "evaluator/model/row_kernels.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

std::span<float> Row(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

// Keeps `weights` as a linear. Dense weights are copied, because their memory belongs to the model
// or to the block source, which fills it again.
absl::StatusOr<std::unique_ptr<DecoderLinear>> Keep(const at::Tensor& weights, LinearFormat format,
                                                    const DecoderKernels& kernels) {
  return MakeDecoderLinear(format == LinearFormat::kDense ? weights.clone() : weights, format,
                           kernels);
}

absl::StatusOr<DecoderBlock> KeepBlock(const BlockMatrices& matrices, LinearFormat format,
                                       const DecoderKernels& kernels) {
  DecoderBlock block;
  for (const auto& [weights, linear] :
       {std::pair{&matrices.query_key_value, &block.query_key_value},
        {&matrices.attention_output, &block.attention_output},
        {&matrices.gate_up, &block.gate_up},
        {&matrices.down, &block.down}}) {
    STRATA_ASSIGN_OR_RETURN(std::unique_ptr<DecoderLinear> kept, Keep(*weights, format, kernels));
    *linear = std::move(kept);
  }
  return block;
}

}  // namespace

int64_t DecoderBlock::bytes() const {
  return query_key_value->bytes() + attention_output->bytes() + gate_up->bytes() + down->bytes();
}

int64_t DecoderBlocks::bytes() const {
  int64_t sum = 0;
  for (const DecoderBlock& block : blocks) sum += block.bytes();
  return sum;
}

absl::StatusOr<DecoderBlocks> BuildDecoderBlocks(const TransformerModel& model, BlockSource& source,
                                                 Arithmetic arithmetic, LinearFormat format,
                                                 const DecoderKernels& kernels,
                                                 const Progress& progress) {
  const at::InferenceMode guard;
  const int count = model.config().blocks;
  DecoderBlocks result;
  result.arithmetic = arithmetic;
  for (int block = 0; block < count; ++block) {
    if (progress && !progress(static_cast<double>(block) / count)) {
      return absl::CancelledError("stopped while pruning");
    }
    STRATA_ASSIGN_OR_RETURN(const PrunedBlock pruned, source.Next(block));
    STRATA_ASSIGN_OR_RETURN(DecoderBlock kept, KeepBlock(pruned.matrices, format, kernels));
    result.blocks.push_back(std::move(kept));
    result.zeros += pruned.zeros;
  }
  return result;
}

TokenDecoder::TokenDecoder(const TransformerModel& model, const DecoderBlocks& blocks,
                           const DecoderLinear& head, int64_t maximum_tokens, ThreadTeam& team)
    : model_(model),
      blocks_(blocks),
      head_(head),
      team_(team),
      config_(model.config()),
      cache_(model.config(), maximum_tokens),
      attention_weights_(static_cast<size_t>(team.parts())) {
  const at::InferenceMode guard;
  rotary_ = RotaryTables::Of(config_, maximum_tokens);
  normed_ = at::empty({1, config_.hidden});
  projected_ = at::empty({1, config_.query_rows() + 2 * config_.key_value_rows()});
  attended_ = at::empty({1, config_.query_rows()});
  gate_up_ = at::empty({1, (config_.gated() ? 2 : 1) * config_.feed_forward});
  gated_ = at::empty({1, config_.feed_forward});
  addend_ = at::empty({1, config_.hidden});
  logits_ = at::empty({1, config_.vocabulary});
}

absl::Status TokenDecoder::Rewind(int64_t position) {
  if (position < 0 || position > position_) {
    return absl::OutOfRangeError(
        fmt::format("expected a position from 0 to {}, found {}", position_, position));
  }
  position_ = position;
  return absl::OkStatus();
}

absl::Status TokenDecoder::CheckToken(int32_t token) const {
  if (token >= 0 && token < config_.vocabulary) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("expected token ids from 0 to {}, found {}", config_.vocabulary - 1, token));
}

absl::StatusOr<std::span<const float>> TokenDecoder::Decode(int32_t token) {
  const at::InferenceMode guard;
  STRATA_RETURN_IF_ERROR(CheckToken(token));
  if (position_ == cache_.maximum_tokens()) {
    return absl::OutOfRangeError(
        fmt::format("expected at most {} tokens, found one more", cache_.maximum_tokens()));
  }
  const double start = SteadySeconds();
  const double products_before = seconds_.linears + seconds_.head;
  hidden_ = model_.Embed({&token, 1}, {&position_, 1});
  for (int block = 0; block < config_.blocks; ++block) RunBlock(block);
  ++position_;
  Multiply(head_, model_.FinalNorm(hidden_), logits_);
  seconds_.other += SecondsSince(start) - (seconds_.linears + seconds_.head - products_before);
  return Row(logits_);
}

void TokenDecoder::Multiply(const DecoderLinear& linear, const at::Tensor& input,
                            const at::Tensor& output) {
  const double start = SteadySeconds();
  const std::span<const float> x = Row(input);
  const std::span<float> y = Row(output);
  team_.Run([&](int part) { linear.Multiply(x, y, part); });
  (&linear == &head_ ? seconds_.head : seconds_.linears) += SecondsSince(start);
}

void TokenDecoder::RunBlock(int block) {
  const DecoderBlock& linears = blocks_.blocks[block];
  const BlockVectors& vectors = model_.vectors(block);
  NormalizeInput(config_, hidden_, vectors.attention, normed_);
  Multiply(*linears.query_key_value, normed_, projected_);
  FinishProjections(config_, vectors, {&position_, 1}, rotary_.For(vectors), projected_);
  Attend(block);
  Multiply(*linears.attention_output, attended_, addend_);
  AddBranch(config_, vectors.attention_output_bias, vectors.attention_output, addend_, hidden_);
  if (config_.norms_after_residual) Normalize(config_, hidden_, vectors.attention, hidden_);

  NormalizeInput(config_, hidden_, vectors.feed_forward, normed_);
  Multiply(*linears.gate_up, normed_, gate_up_);
  Activate(config_, vectors, gate_up_, gated_);
  Multiply(*linears.down, gated_, addend_);
  AddBranch(config_, vectors.down_bias, vectors.feed_forward_output, addend_, hidden_);
  if (config_.norms_after_residual) Normalize(config_, hidden_, vectors.feed_forward, hidden_);
}

void TokenDecoder::Attend(int block) {
  const int64_t query_rows = config_.query_rows();
  const int64_t key_value_rows = config_.key_value_rows();
  cache_.Write(block, position_, projected_.narrow(1, query_rows, key_value_rows),
               projected_.narrow(1, query_rows + key_value_rows, key_value_rows));
  const std::span<const float> query = Row(projected_);
  const std::span<float> output = Row(attended_);
  const int64_t parts = team_.parts();
  team_.Run([&](int part) {
    cache_.Attend(block, position_, query, config_.heads * part / parts,
                  config_.heads * (part + 1) / parts, attention_weights_[part], output);
  });
}

absl::StatusOr<std::span<const float>> TokenDecoder::ReadPrompt(std::span<const int32_t> tokens) {
  const at::InferenceMode guard;
  const auto count = static_cast<int64_t>(tokens.size());
  if (count < 1 || count > cache_.maximum_tokens()) {
    return absl::OutOfRangeError(fmt::format("expected a prompt of 1 to {} tokens, found {}",
                                             cache_.maximum_tokens(), count));
  }
  for (const int32_t token : tokens) {
    STRATA_RETURN_IF_ERROR(CheckToken(token));
  }
  BlockForward forward(config_, count, blocks_.arithmetic);
  BlockMatrices buffer;
  if (!blocks_.blocks.front().down->dense().defined()) {
    buffer = BlockMatrices::Allocate(config_, blocks_.arithmetic);
  }
  at::Tensor hidden = model_.Embed(Windows(1, {tokens.begin(), tokens.end()}));
  const int64_t key_value_rows = config_.key_value_rows();
  for (int block = 0; block < config_.blocks; ++block) {
    const BlockMatrices matrices = Expanded(blocks_.blocks[block], buffer);
    forward.Run(matrices, model_.vectors(block), hidden,
                [&](BlockInput input, const at::Tensor& /*rows*/) {
                  if (input != BlockInput::kAttentionOutput) return;
                  const at::Tensor projected = forward.projected().narrow(0, 0, count);
                  const int64_t first = config_.query_rows();
                  cache_.Write(block, 0, projected.narrow(1, first, key_value_rows),
                               projected.narrow(1, first + key_value_rows, key_value_rows));
                });
  }
  position_ = count;
  hidden_ = hidden.narrow(0, count - 1, 1).clone();
  const at::Tensor normed = model_.FinalNorm(hidden_);
  const std::span<const float> x = Row(normed);
  const std::span<float> y = Row(logits_);
  team_.Run([&](int part) { head_.Multiply(x, y, part); });
  return y;
}

BlockMatrices TokenDecoder::Expanded(const DecoderBlock& block, const BlockMatrices& buffer) {
  const auto dense = [&](const DecoderLinear& linear, const at::Tensor& output) {
    if (linear.dense().defined()) return linear.dense();
    team_.Run([&](int part) { linear.Expand(part, output); });
    return output;
  };
  return {dense(*block.query_key_value, buffer.query_key_value),
          dense(*block.attention_output, buffer.attention_output),
          dense(*block.gate_up, buffer.gate_up), dense(*block.down, buffer.down)};
}

}  // namespace strata::evaluator
