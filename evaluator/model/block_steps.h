// The steps of a transformer block other than matrix products and attention, for models of all
// families. Passes over many tokens and passes over one token share them.
#ifndef STRATA_EVALUATOR_MODEL_BLOCK_STEPS_H_
#define STRATA_EVALUATOR_MODEL_BLOCK_STEPS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "evaluator/model/transformer_block.h"

namespace strata::evaluator {

// Normalises `input`, float32 [rows, columns], as the family of the model does. `output` has the
// same shape, float32 or bfloat16, and may be `input`.
void Normalize(const ModelConfig& config, const at::Tensor& input, const NormWeights& norm,
               at::Tensor& output);

// Sets `input`, which enters a matrix product, to `hidden`. It is normalised unless the model
// normalises after the residual.
void NormalizeInput(const ModelConfig& config, const at::Tensor& hidden, const NormWeights& norm,
                    at::Tensor& input);

// Turns rows of products with query_key_value into queries, keys and values, in place: adds biases,
// normalises heads and applies the rotary embedding. `positions` has one entry per row. `rotary` is
// undefined for a model with learned positions.
void FinishProjections(const ModelConfig& config, const BlockVectors& vectors,
                       std::span<const int64_t> positions, const at::Tensor& rotary,
                       at::Tensor& projected);

// output = activation(gate) * up, or activation(up) in a model without a gate. `gate_up` holds rows
// of products, to which the bias is added first. Both tensors have the same type.
void Activate(const ModelConfig& config, const BlockVectors& vectors, at::Tensor& gate_up,
              at::Tensor& output);

// hidden += norm(product + bias). The bias and the norm are applied only if the model has them.
// `product`, float32 or bfloat16, may be overwritten.
void AddBranch(const ModelConfig& config, const at::Tensor& bias, const NormWeights& norm,
               at::Tensor& product, at::Tensor& hidden);

// Returns activation(rows), as the reference implementations define it.
at::Tensor Activated(Activation activation, const at::Tensor& rows);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_BLOCK_STEPS_H_
