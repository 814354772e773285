// Gradients of the loss by the weights of one block at a time, so that a model's worth of them is
// never held.
#ifndef STRATA_EVALUATOR_GRADIENT_PASS_H_
#define STRATA_EVALUATOR_GRADIENT_PASS_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <vector>

#include "evaluator/block_steps.h"
#include "evaluator/evaluator.h"
#include "evaluator/transformer_model.h"

namespace strata::evaluator {

// The magnitude of gradients, G: for every weight of a block's linears the mean over sequences of
// |derivative of the sequence's mean token loss|. The loss is that of TransformerModel::Losses, the
// mean over tokens 1 ... T-1. All float32; the bits are the same for the same number of threads.
//
// From the last block to the first, a block is run anew from its recorded inputs, one sequence at a
// time, and differentiated. Besides the inputs it holds the gradient of the loss by one block's
// outputs, and copies of one block's weights, their gradients and G. Not thread-safe.
class GradientPass {
 public:
  // `inputs` as RecordBlockInputs gives them for `sequences`. All arguments must outlive the pass.
  // InvalidArgument if the sequences have fewer than two tokens; Cancelled.
  static absl::StatusOr<GradientPass> Begin(const TransformerModel& model, const Windows& sequences,
                                            const std::vector<at::Tensor>& inputs,
                                            const Progress& progress);

  // G of the last block at the first call, then of the one before, down to block 0. Cancelled,
  // after which the pass must not be used.
  absl::StatusOr<BlockMatrices> Next(const Progress& progress);

 private:
  GradientPass(const TransformerModel& model, const Windows& sequences,
               const std::vector<at::Tensor>& inputs);

  // Gradient of one sequence's loss by the last block's output [tokens, hidden].
  at::Tensor LossGradient(const at::Tensor& output, const std::vector<int32_t>& sequence) const;

  const TransformerModel* model_;
  const Windows* sequences_;
  const std::vector<at::Tensor>* inputs_;
  int64_t tokens_;  // of a sequence
  RotaryTables rotary_;
  int block_;                             // of the next call
  std::vector<at::Tensor> output_grads_;  // per sequence: by the output of block_
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_GRADIENT_PASS_H_
