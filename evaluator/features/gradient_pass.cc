#include "evaluator/features/gradient_pass.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>

#include "evaluator/model/differentiable_block.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Number of rows of logits that are formed at once.
constexpr int64_t kTileRows = 256;

// Returns a copy by which gradients can be taken. The model and the inputs were made in inference
// mode, so gradients cannot be taken by them.
at::Tensor Leaf(const at::Tensor& tensor) { return tensor.clone().set_requires_grad(true); }

at::Tensor Leaf(const at::Tensor& tensor, Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::kFloat32) return Leaf(tensor);
  return tensor.to(at::kBFloat16).set_requires_grad(true);
}

// Adds gradient * scale, or its magnitude, to `sum` and clears the gradient. The first call creates
// `sum`.
void TakeGradient(at::Tensor& leaf, GradientMean mean, double scale, at::Tensor* sum) {
  const c10::NoGradGuard no_gradients;
  if (!sum->defined()) *sum = at::zeros(leaf.sizes());
  sum->add_(mean == GradientMean::kMagnitude ? leaf.grad().abs() : leaf.grad(), scale);
  leaf.mutable_grad().reset();
}

}  // namespace

GradientPass::GradientPass(const TransformerModel& model, const Windows& sequences,
                           const std::vector<at::Tensor>& inputs, const GradientOptions& options)
    : options_(options),
      model_(&model),
      sequences_(&sequences),
      inputs_(&inputs),
      tokens_(static_cast<int64_t>(sequences.front().size())),
      rotary_(RotaryTables::Of(model.config(), tokens_)),
      block_(model.config().blocks - 1) {}

absl::StatusOr<GradientPass> GradientPass::Begin(const TransformerModel& model,
                                                 const Windows& sequences,
                                                 const std::vector<at::Tensor>& inputs,
                                                 const Progress& progress,
                                                 const GradientOptions& options) {
  GradientPass pass(model, sequences, inputs, options);
  if (pass.tokens_ < 2) {
    return absl::InvalidArgumentError(fmt::format(
        "calibration: the loss of a sequence needs at least 2 tokens, found {}", pass.tokens_));
  }
  pass.head_ =
      options.arithmetic == Arithmetic::kFloat32 ? model.head() : model.head().to(at::kBFloat16);
  for (size_t i = 0; i < sequences.size(); ++i) {
    if (progress && !progress(static_cast<double>(i) / static_cast<double>(sequences.size()))) {
      return absl::CancelledError("stopped while measuring gradients");
    }
    const auto first = static_cast<int64_t>(i) * pass.tokens_;
    pass.output_grads_.push_back(
        pass.LossGradient(inputs.back().narrow(0, first, pass.tokens_), sequences[i]));
  }
  pass.head_ = at::Tensor();
  return pass;
}

at::Tensor GradientPass::LossGradient(const at::Tensor& output,
                                      const std::vector<int32_t>& sequence) const {
  const std::vector<int64_t> ids(sequence.begin() + 1, sequence.end());
  const int64_t predicted = tokens_ - 1;
  const at::Tensor targets = at::tensor(ids, at::kLong).unsqueeze(1);
  // The last token predicts nothing, so its gradient stays zero.
  at::Tensor gradient = at::zeros(output.sizes());
  for (int64_t first = 0; first < predicted; first += kTileRows) {
    const int64_t rows = std::min(kTileRows, predicted - first);
    const at::Tensor hidden = Leaf(output.narrow(0, first, rows));
    const at::Tensor normed = DifferentiableFinalNorm(*model_, hidden);
    at::Tensor by_normed;
    {
      // The derivative of cross-entropy by the logits is the softmax, minus 1 at the target.
      const c10::NoGradGuard no_gradients;
      const auto type = head_.scalar_type();
      at::Tensor by_logits = normed.detach().to(type).matmul(head_.t()).to(at::kFloat).softmax(-1);
      const at::Tensor at_target = targets.narrow(0, first, rows);
      by_logits.scatter_add_(1, at_target, at::full({rows, 1}, -1.0f));
      by_normed =
          by_logits.to(type).matmul(head_).to(at::kFloat).div_(static_cast<double>(predicted));
    }
    normed.backward(by_normed);
    gradient.narrow(0, first, rows).copy_(hidden.grad());
  }
  return gradient;
}

absl::StatusOr<BlockMatrices> GradientPass::Leaves(int block) const {
  STRATA_ASSIGN_OR_RETURN(const BlockMatrices matrices,
                          options_.matrices ? options_.matrices(block) : model_->matrices(block));
  const auto leaf = [&](const at::Tensor& matrix) { return Leaf(matrix, options_.arithmetic); };
  return BlockMatrices{leaf(matrices.query_key_value), leaf(matrices.attention_output),
                       leaf(matrices.gate_up), leaf(matrices.down)};
}

absl::StatusOr<BlockMatrices> GradientPass::Next(const Progress& progress) {
  STRATA_ASSIGN_OR_RETURN(BlockMatrices leaves, Leaves(block_));
  const BlockVectors vectors = CloneOf(model_->vectors(block_));
  BlockMatrices sums;
  const auto count = static_cast<double>(sequences_->size());
  for (size_t i = 0; i < sequences_->size(); ++i) {
    if (progress && !progress(static_cast<double>(i) / count)) {
      return absl::CancelledError("stopped while measuring gradients");
    }
    const auto first = static_cast<int64_t>(i) * tokens_;
    const at::Tensor hidden = Leaf((*inputs_)[block_].narrow(0, first, tokens_));
    DifferentiableBlock(model_->config(), leaves, vectors, rotary_.For(vectors), hidden)
        .backward(output_grads_[i]);
    output_grads_[i] = hidden.grad();
    TakeGradient(leaves.query_key_value, options_.mean, 1 / count, &sums.query_key_value);
    TakeGradient(leaves.attention_output, options_.mean, 1 / count, &sums.attention_output);
    TakeGradient(leaves.gate_up, options_.mean, 1 / count, &sums.gate_up);
    TakeGradient(leaves.down, options_.mean, 1 / count, &sums.down);
  }
  --block_;
  return sums;
}

}  // namespace strata::evaluator
