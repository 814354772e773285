// Gradients of the loss by the weights of one block at a time, so that a model's worth of them is
// never held.
#ifndef STRATA_EVALUATOR_GRADIENT_PASS_H_
#define STRATA_EVALUATOR_GRADIENT_PASS_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <functional>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/block_steps.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// What is averaged over sequences: magnitudes give G, of which features are made; gradients as they
// are the derivative of the mean loss.
enum class GradientMean { kMagnitude, kSigned };

struct GradientOptions {
  GradientMean mean = GradientMean::kMagnitude;
  // Of the products; norms, attention, softmax and sums are float32 whatever it is.
  Arithmetic arithmetic = Arithmetic::kFloat32;
  // The linears of a block, float32, of a model pruned from this one; called for the last block
  // first, valid until the next call. Null: the model's own.
  std::function<absl::StatusOr<BlockMatrices>(int block)> matrices = nullptr;
};

// For every weight of a block's linears the mean over sequences of the derivative of the sequence's
// mean token loss, or of its magnitude. The loss is that of TransformerModel::Losses, the mean over
// tokens 1 ... T-1. All float32; the bits are the same for the same number of threads.
//
// From the last block to the first, a block is run anew from its recorded inputs, one sequence at a
// time, and differentiated. Besides the inputs it holds the gradient of the loss by one block's
// outputs, and copies of one block's weights, their gradients and the mean. Not thread-safe.
class GradientPass {
 public:
  // `inputs` of the blocks of the model, or of the pruned one, as RecordBlockInputs gives them for
  // `sequences`. All arguments but the options must outlive the pass. InvalidArgument if the
  // sequences have fewer than two tokens; Cancelled.
  static absl::StatusOr<GradientPass> Begin(const TransformerModel& model, const Windows& sequences,
                                            const std::vector<at::Tensor>& inputs,
                                            const Progress& progress,
                                            const GradientOptions& options = {});

  // Of the last block at the first call, then of the one before, down to block 0. Cancelled and
  // errors of GradientOptions::matrices, after which the pass must not be used.
  absl::StatusOr<BlockMatrices> Next(const Progress& progress);

 private:
  GradientPass(const TransformerModel& model, const Windows& sequences,
               const std::vector<at::Tensor>& inputs, const GradientOptions& options);

  // Copies of a block's linears that gradients are taken by.
  absl::StatusOr<BlockMatrices> Leaves(int block) const;

  // Gradient of one sequence's loss by the last block's output [tokens, hidden].
  at::Tensor LossGradient(const at::Tensor& output, const std::vector<int32_t>& sequence) const;

  GradientOptions options_;
  const TransformerModel* model_;
  const Windows* sequences_;
  const std::vector<at::Tensor>* inputs_;
  int64_t tokens_;  // of a sequence
  RotaryTables rotary_;
  at::Tensor head_;  // of options_.arithmetic, until the gradients by the last output are known
  int block_;        // of the next call
  std::vector<at::Tensor> output_grads_;  // per sequence: by the output of block_
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_GRADIENT_PASS_H_
