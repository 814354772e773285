#include "evaluator/model/differentiable_block.h"

#include <ATen/ATen.h>

#include <limits>

#include "evaluator/model/block_steps.h"

namespace strata::evaluator {
namespace {

at::Tensor RmsNormed(const at::Tensor& rows, const at::Tensor& weight, double epsilon) {
  return rows * (rows.square().mean(-1, /*keepdim=*/true) + epsilon).rsqrt() * weight;
}

at::Tensor Normed(const ModelConfig& config, const at::Tensor& rows, const NormWeights& norm) {
  if (config.family->norm == NormKind::kLayer) {
    return at::layer_norm(rows, {rows.size(-1)}, norm.weight, norm.bias, config.norm_epsilon);
  }
  return RmsNormed(rows, norm.weight, config.norm_epsilon);
}

// Rotates `heads` [tokens, heads, dimension]. Entry i of a head pairs with entry i + dimension/2.
at::Tensor Rotated(const at::Tensor& heads, const at::Tensor& rotary) {
  if (!rotary.defined()) return heads;
  const int64_t half = heads.size(2) / 2;
  const at::Tensor table = rotary.narrow(0, 0, heads.size(0)).unsqueeze(1);
  const at::Tensor cosine = table.narrow(2, 0, half);
  const at::Tensor sine = table.narrow(2, half, half);
  const at::Tensor first = heads.narrow(2, 0, half);
  const at::Tensor second = heads.narrow(2, half, half);
  return at::cat({first * cosine - second * sine, second * cosine + first * sine}, 2);
}

at::Tensor WithBias(const at::Tensor& rows, const at::Tensor& bias) {
  return bias.defined() ? rows + bias : rows;
}

// Returns `rows` times the transpose of `matrix`, computed in the number type of the matrix.
at::Tensor Product(const at::Tensor& rows, const at::Tensor& matrix) {
  return rows.to(matrix.scalar_type()).matmul(matrix.t()).to(at::kFloat);
}

// Returns a mask [tokens, tokens] that is true at the tokens that a token must not attend to.
at::Tensor HiddenFrom(const ModelConfig& config, const BlockVectors& vectors, int64_t tokens) {
  const at::Tensor all = at::ones({tokens, tokens}, at::kBool);
  const at::Tensor later = all.triu(1);
  return vectors.slides ? later.logical_or(all.tril(-config.sliding_window)) : later;
}

// Returns the attention of one window. `projected` holds queries, keys and values of every token.
at::Tensor Attended(const ModelConfig& config, const BlockVectors& vectors,
                    const at::Tensor& projected, const at::Tensor& rotary) {
  const int64_t tokens = projected.size(0);
  const int64_t groups = config.key_value_heads;
  const int64_t dimension = config.head_dimension;
  const int64_t query_rows = config.query_rows();
  const int64_t key_value_rows = config.key_value_rows();
  const auto heads = [&](int64_t first, int64_t count, const at::Tensor& norm) {
    const at::Tensor part =
        projected.narrow(1, first, count * dimension).view({tokens, count, dimension});
    return Rotated(norm.defined() ? RmsNormed(part, norm, config.norm_epsilon) : part, rotary);
  };
  const at::Tensor query = heads(0, config.heads, vectors.query);
  const at::Tensor key = heads(query_rows, groups, vectors.key).permute({1, 2, 0}).unsqueeze(1);
  const at::Tensor value = projected.narrow(1, query_rows + key_value_rows, key_value_rows)
                               .view({tokens, groups, dimension})
                               .transpose(0, 1)
                               .unsqueeze(1);
  const at::Tensor scores = query.view({tokens, groups, config.heads / groups, dimension})
                                .permute({1, 2, 0, 3})
                                .matmul(key) *
                            config.attention_scale();
  const at::Tensor shares = scores
                                .masked_fill(HiddenFrom(config, vectors, tokens),
                                             -std::numeric_limits<double>::infinity())
                                .softmax(-1);
  return shares.matmul(value).permute({2, 0, 1, 3}).reshape({tokens, query_rows});
}

at::Tensor FeedForward(const ModelConfig& config, const BlockMatrices& matrices,
                       const BlockVectors& vectors, const at::Tensor& input) {
  const at::Tensor rows = WithBias(Product(input, matrices.gate_up), vectors.gate_up_bias);
  at::Tensor active =
      Activated(config.activation, config.gated() ? rows.narrow(1, 0, config.feed_forward) : rows);
  if (config.gated()) active = active * rows.narrow(1, config.feed_forward, config.feed_forward);
  return WithBias(Product(active, matrices.down), vectors.down_bias);
}

}  // namespace

at::Tensor DifferentiableBlock(const ModelConfig& config, const BlockMatrices& matrices,
                               const BlockVectors& vectors, const at::Tensor& rotary,
                               const at::Tensor& hidden) {
  const auto input = [&](const at::Tensor& rows, const NormWeights& norm) {
    return config.norms_after_residual ? rows : Normed(config, rows, norm);
  };
  const auto sum = [&](const at::Tensor& rows, const at::Tensor& branch, const NormWeights& inner,
                       const NormWeights& outer) {
    const at::Tensor added =
        rows + (inner.weight.defined() ? Normed(config, branch, inner) : branch);
    return config.norms_after_residual ? Normed(config, added, outer) : added;
  };
  const at::Tensor projected =
      WithBias(Product(input(hidden, vectors.attention), matrices.query_key_value),
               vectors.query_key_value_bias);
  const at::Tensor attended = Attended(config, vectors, projected, rotary);
  const at::Tensor middle = sum(
      hidden, WithBias(Product(attended, matrices.attention_output), vectors.attention_output_bias),
      vectors.attention_output, vectors.attention);
  return sum(middle, FeedForward(config, matrices, vectors, input(middle, vectors.feed_forward)),
             vectors.feed_forward_output, vectors.feed_forward);
}

at::Tensor DifferentiableFinalNorm(const TransformerModel& model, const at::Tensor& hidden) {
  const auto copy = [](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.clone() : tensor;
  };
  const NormWeights norm = {copy(model.final_norm().weight), copy(model.final_norm().bias)};
  const at::Tensor normed = norm.weight.defined() ? Normed(model.config(), hidden, norm) : hidden;
  const at::Tensor projection = copy(model.project_out());
  return projection.defined() ? normed.matmul(projection.t()) : normed;
}

BlockVectors CloneOf(const BlockVectors& vectors) {
  BlockVectors copy = vectors;
  for (at::Tensor* tensor :
       {&copy.attention.weight, &copy.attention.bias, &copy.feed_forward.weight,
        &copy.feed_forward.bias, &copy.attention_output.weight, &copy.attention_output.bias,
        &copy.feed_forward_output.weight, &copy.feed_forward_output.bias, &copy.query, &copy.key,
        &copy.query_key_value_bias, &copy.attention_output_bias, &copy.gate_up_bias,
        &copy.down_bias}) {
    if (tensor->defined()) *tensor = tensor->clone();
  }
  return copy;
}

}  // namespace strata::evaluator
