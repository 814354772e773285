// The steps of a transformer block besides its matrix products and attention, for models of all
// families: shared by passes over many tokens and over one.
#ifndef STRATA_EVALUATOR_BLOCK_STEPS_H_
#define STRATA_EVALUATOR_BLOCK_STEPS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "evaluator/model/transformer_block.h"

namespace strata::evaluator {

// `input` float32 [rows, columns], normalised as the family does; `output`, float32 or bfloat16 of
// the same shape, may be `input`.
void Normalize(const ModelConfig& config, const at::Tensor& input, const NormWeights& norm,
               at::Tensor& output);

// What enters a matrix product: normalised, unless the model normalises after the residual.
void NormalizeInput(const ModelConfig& config, const at::Tensor& hidden, const NormWeights& norm,
                    at::Tensor& input);

// Turns rows of products with query_key_value into queries, keys and values: biases, norms of
// heads, rotary embedding. `positions` has one entry per row; `rotary` is undefined for a model of
// learned positions.
void FinishProjections(const ModelConfig& config, const BlockVectors& vectors,
                       std::span<const int64_t> positions, const at::Tensor& rotary,
                       at::Tensor& projected);

// output = activation(gate) * up, or activation(up) without a gate, where `gate_up` are rows of
// products, to which the bias is added first. Both of the same type.
void Activate(const ModelConfig& config, const BlockVectors& vectors, at::Tensor& gate_up,
              at::Tensor& output);

// hidden += norm(product + bias), either only where the model has it. `product`, float32 or
// bfloat16, may be overwritten.
void AddBranch(const ModelConfig& config, const at::Tensor& bias, const NormWeights& norm,
               at::Tensor& product, at::Tensor& hidden);

// Activation functions, as the reference implementations define them.
at::Tensor Activated(Activation activation, const at::Tensor& rows);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BLOCK_STEPS_H_
