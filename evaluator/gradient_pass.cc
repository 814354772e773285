#include "evaluator/gradient_pass.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluator/row_kernels.h"

namespace strata::evaluator {
namespace {

// Rows of logits formed at once.
constexpr int64_t kTileRows = 256;

at::Tensor Normed(const at::Tensor& rows, const at::Tensor& weight, double epsilon) {
  return rows * (rows.square().mean(-1, /*keepdim=*/true) + epsilon).rsqrt() * weight;
}

// `heads` is [tokens, heads, dimension]; entry i of a head pairs with i + dimension/2.
at::Tensor Rotated(const at::Tensor& heads, const at::Tensor& rotary) {
  const int64_t half = heads.size(2) / 2;
  const at::Tensor table = rotary.narrow(0, 0, heads.size(0)).unsqueeze(1);
  const at::Tensor cosine = table.narrow(2, 0, half);
  const at::Tensor sine = table.narrow(2, half, half);
  const at::Tensor first = heads.narrow(2, 0, half);
  const at::Tensor second = heads.narrow(2, half, half);
  return at::cat({first * cosine - second * sine, second * cosine + first * sine}, 2);
}

// Causal attention of one window; `projected` holds queries, keys and values of every token.
at::Tensor Attended(const ModelConfig& config, const at::Tensor& projected,
                    const at::Tensor& rotary) {
  const int64_t tokens = projected.size(0);
  const int64_t groups = config.key_value_heads;
  const int64_t dimension = config.head_dimension;
  const int64_t query_rows = config.query_rows();
  const int64_t key_value_rows = config.key_value_rows();
  const at::Tensor query =
      Rotated(projected.narrow(1, 0, query_rows).view({tokens, config.heads, dimension}), rotary);
  const at::Tensor key =
      Rotated(projected.narrow(1, query_rows, key_value_rows).view({tokens, groups, dimension}),
              rotary)
          .permute({1, 2, 0})
          .unsqueeze(1);
  const at::Tensor value = projected.narrow(1, query_rows + key_value_rows, key_value_rows)
                               .view({tokens, groups, dimension})
                               .transpose(0, 1)
                               .unsqueeze(1);
  const at::Tensor scores = query.view({tokens, groups, config.heads / groups, dimension})
                                .permute({1, 2, 0, 3})
                                .matmul(key) /
                            std::sqrt(static_cast<double>(dimension));
  const at::Tensor later = at::ones({tokens, tokens}, at::kBool).triu(1);
  const at::Tensor shares =
      scores.masked_fill(later, -std::numeric_limits<double>::infinity()).softmax(-1);
  return shares.matmul(value).permute({2, 0, 1, 3}).reshape({tokens, query_rows});
}

// A copy that gradients are taken by; model and inputs were made in inference mode, and cannot be.
at::Tensor Leaf(const at::Tensor& tensor) { return tensor.clone().set_requires_grad(true); }

BlockMatrices Leaves(const BlockMatrices& matrices) {
  return {Leaf(matrices.query_key_value), Leaf(matrices.attention_output), Leaf(matrices.gate_up),
          Leaf(matrices.down)};
}

// Adds |gradient| * scale to `sum`, which is made at the first call, and forgets the gradient.
void TakeGradient(at::Tensor& leaf, double scale, at::Tensor* sum) {
  const c10::NoGradGuard no_gradients;
  const at::Tensor magnitude = leaf.grad().abs().mul_(scale);
  if (sum->defined()) {
    sum->add_(magnitude);
  } else {
    *sum = magnitude;
  }
  leaf.mutable_grad().reset();
}

}  // namespace

at::Tensor DifferentiableBlock(const ModelConfig& config, const BlockMatrices& matrices,
                               const BlockNorms& norms, const at::Tensor& rotary,
                               const at::Tensor& hidden) {
  const at::Tensor attention_input = Normed(hidden, norms.attention, config.norm_epsilon);
  const at::Tensor attended =
      Attended(config, attention_input.matmul(matrices.query_key_value.t()), rotary);
  const at::Tensor middle = hidden + attended.matmul(matrices.attention_output.t());
  const at::Tensor gate_up =
      Normed(middle, norms.feed_forward, config.norm_epsilon).matmul(matrices.gate_up.t());
  const at::Tensor gated = at::silu(gate_up.narrow(1, 0, config.feed_forward)) *
                           gate_up.narrow(1, config.feed_forward, config.feed_forward);
  return middle + gated.matmul(matrices.down.t());
}

GradientPass::GradientPass(const TransformerModel& model, const Windows& sequences,
                           const std::vector<at::Tensor>& inputs)
    : model_(&model),
      sequences_(&sequences),
      inputs_(&inputs),
      tokens_(static_cast<int64_t>(sequences.front().size())),
      rotary_(RotaryTable(tokens_, RotaryFrequencies(model.config()))),
      block_(model.config().blocks - 1) {}

absl::StatusOr<GradientPass> GradientPass::Begin(const TransformerModel& model,
                                                 const Windows& sequences,
                                                 const std::vector<at::Tensor>& inputs,
                                                 const Progress& progress) {
  GradientPass pass(model, sequences, inputs);
  if (pass.tokens_ < 2) {
    return absl::InvalidArgumentError(fmt::format(
        "calibration: the loss of a sequence needs at least 2 tokens, found {}", pass.tokens_));
  }
  for (size_t i = 0; i < sequences.size(); ++i) {
    if (progress && !progress(static_cast<double>(i) / static_cast<double>(sequences.size()))) {
      return absl::CancelledError("stopped while measuring gradients");
    }
    const auto first = static_cast<int64_t>(i) * pass.tokens_;
    pass.output_grads_.push_back(
        pass.LossGradient(inputs.back().narrow(0, first, pass.tokens_), sequences[i]));
  }
  return pass;
}

at::Tensor GradientPass::LossGradient(const at::Tensor& output,
                                      const std::vector<int32_t>& sequence) const {
  const std::vector<int64_t> ids(sequence.begin() + 1, sequence.end());
  const int64_t predicted = tokens_ - 1;
  const at::Tensor targets = at::tensor(ids, at::kLong).unsqueeze(1);
  const at::Tensor weight = model_->final_norm().clone();
  const double epsilon = model_->config().norm_epsilon;
  // The last token predicts nothing: its gradient stays zero.
  at::Tensor gradient = at::zeros(output.sizes());
  for (int64_t first = 0; first < predicted; first += kTileRows) {
    const int64_t rows = std::min(kTileRows, predicted - first);
    const at::Tensor hidden = Leaf(output.narrow(0, first, rows));
    const at::Tensor normed = Normed(hidden, weight, epsilon);
    at::Tensor by_normed;
    {
      // Cross-entropy by logits: the softmax, less one at the target.
      const c10::NoGradGuard no_gradients;
      at::Tensor by_logits = normed.detach().matmul(model_->head().t()).softmax(-1);
      const at::Tensor at_target = targets.narrow(0, first, rows);
      by_logits.scatter_add_(1, at_target, at::full({rows, 1}, -1.0f));
      by_normed = by_logits.matmul(model_->head()).div_(static_cast<double>(predicted));
    }
    normed.backward(by_normed);
    gradient.narrow(0, first, rows).copy_(hidden.grad());
  }
  return gradient;
}

absl::StatusOr<BlockMatrices> GradientPass::Next(const Progress& progress) {
  BlockMatrices leaves = Leaves(model_->matrices(block_));
  const BlockNorms norms = {model_->norms(block_).attention.clone(),
                            model_->norms(block_).feed_forward.clone()};
  BlockMatrices sums;
  const auto count = static_cast<double>(sequences_->size());
  for (size_t i = 0; i < sequences_->size(); ++i) {
    if (progress && !progress(static_cast<double>(i) / count)) {
      return absl::CancelledError("stopped while measuring gradients");
    }
    const auto first = static_cast<int64_t>(i) * tokens_;
    const at::Tensor hidden = Leaf((*inputs_)[block_].narrow(0, first, tokens_));
    DifferentiableBlock(model_->config(), leaves, norms, rotary_, hidden)
        .backward(output_grads_[i]);
    output_grads_[i] = hidden.grad();
    TakeGradient(leaves.query_key_value, 1 / count, &sums.query_key_value);
    TakeGradient(leaves.attention_output, 1 / count, &sums.attention_output);
    TakeGradient(leaves.gate_up, 1 / count, &sums.gate_up);
    TakeGradient(leaves.down, 1 / count, &sums.down);
  }
  --block_;
  return sums;
}

}  // namespace strata::evaluator
