// The forward pass of a block in LibTorch's differentiable functions, for models of all families.
#ifndef STRATA_EVALUATOR_DIFFERENTIABLE_BLOCK_H_
#define STRATA_EVALUATOR_DIFFERENTIABLE_BLOCK_H_

#include <ATen/core/Tensor.h>

#include "evaluator/model/transformer_block.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// What BlockForward computes of one window, to rounding; products are of the type of `matrices`,
// all else is float32. `hidden` is [tokens, hidden], `rotary` the block's RotaryTable of at least
// as many positions; the result has the shape of `hidden`. None of the tensors may have been made
// in inference mode if gradients are wanted.
at::Tensor DifferentiableBlock(const ModelConfig& config, const BlockMatrices& matrices,
                               const BlockVectors& vectors, const at::Tensor& rotary,
                               const at::Tensor& hidden);

// What TransformerModel::FinalNorm computes.
at::Tensor DifferentiableFinalNorm(const TransformerModel& model, const at::Tensor& hidden);

// Copies that were not made in inference mode, if this is not called in it.
BlockVectors CloneOf(const BlockVectors& vectors);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_DIFFERENTIABLE_BLOCK_H_
