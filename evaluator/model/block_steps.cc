#include "evaluator/model/block_steps.h"

#include <ATen/ATen.h>

#include "evaluator/model/row_kernels.h"

namespace strata::evaluator {
namespace {

// Normalises `heads` [tokens, heads, dimension], float32 or bfloat16, in place.
void NormalizeHeads(at::Tensor heads, const at::Tensor& weight, double epsilon) {
  const at::Tensor numbers = heads.to(at::kFloat);
  const at::Tensor scale = (numbers.square().mean(-1, /*keepdim=*/true) + epsilon).rsqrt();
  heads.copy_(numbers * scale * weight);
}

}  // namespace

RotaryTables RotaryTables::Of(const ModelConfig& config, int64_t positions) {
  RotaryTables tables;
  if (config.family->learned_positions) return tables;
  const auto table = [&](const RotaryEmbedding& rotary) {
    return RotaryTable(positions, RotaryFrequencies(rotary, config.head_dimension));
  };
  tables.full = table(config.rotary);
  tables.sliding = config.sliding_rotary.has_value() ? table(*config.sliding_rotary) : tables.full;
  return tables;
}

void Normalize(const ModelConfig& config, const at::Tensor& input, const NormWeights& norm,
               at::Tensor& output) {
  if (config.family->norm == NormKind::kLayer) {
    output.copy_(
        at::layer_norm(input, {input.size(1)}, norm.weight, norm.bias, config.norm_epsilon));
    return;
  }
  if (!output.is_same(input)) {
    RmsNorm(input, norm.weight, config.norm_epsilon, output);
    return;
  }
  at::Tensor normed = at::empty_like(input);
  RmsNorm(input, norm.weight, config.norm_epsilon, normed);
  output.copy_(normed);
}

void NormalizeInput(const ModelConfig& config, const at::Tensor& hidden, const NormWeights& norm,
                    at::Tensor& input) {
  if (config.norms_after_residual) {
    input.copy_(hidden);
  } else {
    Normalize(config, hidden, norm, input);
  }
}

void FinishProjections(const ModelConfig& config, const BlockVectors& vectors,
                       std::span<const int64_t> positions, const at::Tensor& rotary,
                       at::Tensor& projected) {
  if (vectors.query_key_value_bias.defined()) projected.add_(vectors.query_key_value_bias);
  const int64_t dimension = config.head_dimension;
  if (vectors.query.defined()) {
    NormalizeHeads(
        projected.narrow(1, 0, config.query_rows()).unflatten(1, {config.heads, dimension}),
        vectors.query, config.norm_epsilon);
    NormalizeHeads(projected.narrow(1, config.query_rows(), config.key_value_rows())
                       .unflatten(1, {config.key_value_heads, dimension}),
                   vectors.key, config.norm_epsilon);
  }
  // Keys follow queries, so both are rotated as one run of heads.
  if (rotary.defined()) {
    Rotate(projected, config.heads + config.key_value_heads, dimension, positions, rotary);
  }
}

void Activate(const ModelConfig& config, const BlockVectors& vectors, at::Tensor& gate_up,
              at::Tensor& output) {
  if (vectors.gate_up_bias.defined()) gate_up.add_(vectors.gate_up_bias);
  if (!config.gated()) {
    output.copy_(Activated(config.activation, gate_up));
  } else if (config.activation == Activation::kSilu) {
    SwiGlu(gate_up, output);
  } else {
    const at::Tensor gate = Activated(config.activation, gate_up.narrow(1, 0, config.feed_forward));
    at::mul_out(output, gate, gate_up.narrow(1, config.feed_forward, config.feed_forward));
  }
}

void AddBranch(const ModelConfig& config, const at::Tensor& bias, const NormWeights& norm,
               at::Tensor& product, at::Tensor& hidden) {
  if (bias.defined()) product.add_(bias);
  if (norm.weight.defined()) {
    at::Tensor normed = product.to(at::kFloat);
    Normalize(config, normed, norm, normed);
    hidden.add_(normed);
  } else if (product.scalar_type() == at::kBFloat16) {
    AddBFloat16(product, hidden);
  } else {
    hidden.add_(product);
  }
}

at::Tensor Activated(Activation activation, const at::Tensor& rows) {
  switch (activation) {
    case Activation::kSilu:
      return at::silu(rows);
    case Activation::kRelu:
      return at::relu(rows);
    case Activation::kGelu:
      return at::gelu(rows);
    default:
      return at::gelu(rows, "tanh");
  }
}

}  // namespace strata::evaluator
