// The forward pass of a block by LibTorch's differentiable functions, for models of all families.
#ifndef STRATA_EVALUATOR_MODEL_DIFFERENTIABLE_BLOCK_H_
#define STRATA_EVALUATOR_MODEL_DIFFERENTIABLE_BLOCK_H_

#include <ATen/core/Tensor.h>

#include "evaluator/model/transformer_block.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Returns what BlockForward computes for one window, up to rounding. Products have the type of
// `matrices`; everything else is float32. `hidden` and the result are [tokens, hidden]. `rotary` is
// the block's RotaryTable with at least `tokens` positions. If gradients are wanted, none of the
// tensors may have been made in inference mode.
at::Tensor DifferentiableBlock(const ModelConfig& config, const BlockMatrices& matrices,
                               const BlockVectors& vectors, const at::Tensor& rotary,
                               const at::Tensor& hidden);

// Returns what TransformerModel::FinalNorm computes.
at::Tensor DifferentiableFinalNorm(const TransformerModel& model, const at::Tensor& hidden);

// Returns copies of `vectors`. The copies are made in inference mode only if the caller is in it.
BlockVectors CloneOf(const BlockVectors& vectors);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_DIFFERENTIABLE_BLOCK_H_
