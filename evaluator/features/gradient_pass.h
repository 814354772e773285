// Gradients of the loss by the weights, one block at a time, so that the gradients of a whole model
// are never held at once.
#ifndef STRATA_EVALUATOR_FEATURES_GRADIENT_PASS_H_
#define STRATA_EVALUATOR_FEATURES_GRADIENT_PASS_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <functional>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/block_steps.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// What is averaged over sequences. Magnitudes of gradients give G, from which features are made.
// Signed gradients give the derivative of the mean loss.
enum class GradientMean { kMagnitude, kSigned };

struct GradientOptions {
  GradientMean mean = GradientMean::kMagnitude;
  // Number type of the products. Norms, attention, softmax and sums are always float32.
  Arithmetic arithmetic = Arithmetic::kFloat32;
  // Returns the float32 linears of a block of a model that was pruned from this one. It is called
  // for the last block first, and its result is valid until the next call. Null: the linears of
  // this model are used.
  std::function<absl::StatusOr<BlockMatrices>(int block)> matrices = nullptr;
};

// Computes for every weight of a block's linears the mean over sequences of the derivative of the
// sequence's mean token loss, or of the magnitude of that derivative. The loss is that of
// TransformerModel::Losses, averaged over tokens 1 ... T-1. Results are float32. The same number of
// threads gives the same bits.
//
// From the last block to the first, each block is run again from its recorded inputs, one sequence
// at a time, and differentiated. In addition to the inputs, the pass holds the gradient of the loss
// by one block's outputs, and copies of one block's weights, their gradients and the mean. Not
// thread-safe.
class GradientPass {
 public:
  // Starts a pass. `inputs` are what RecordBlockInputs returns for `sequences`, or the same of the
  // pruned model. All arguments but the options must outlive the pass. Errors: InvalidArgument if
  // the sequences have fewer than two tokens; Cancelled.
  static absl::StatusOr<GradientPass> Begin(const TransformerModel& model, const Windows& sequences,
                                            const std::vector<at::Tensor>& inputs,
                                            const Progress& progress,
                                            const GradientOptions& options = {});

  // Returns the result of the last block at the first call, then that of the block before it, and
  // so on down to block 0. Errors: Cancelled; those of GradientOptions::matrices. After an error
  // the pass must not be used.
  absl::StatusOr<BlockMatrices> Next(const Progress& progress);

 private:
  GradientPass(const TransformerModel& model, const Windows& sequences,
               const std::vector<at::Tensor>& inputs, const GradientOptions& options);

  // Returns copies of a block's linears, by which gradients are taken.
  absl::StatusOr<BlockMatrices> Leaves(int block) const;

  // Returns the gradient of one sequence's loss by the last block's output [tokens, hidden].
  at::Tensor LossGradient(const at::Tensor& output, const std::vector<int32_t>& sequence) const;

  GradientOptions options_;
  const TransformerModel* model_;
  const Windows* sequences_;
  const std::vector<at::Tensor>* inputs_;
  int64_t tokens_;  // per sequence
  RotaryTables rotary_;
  at::Tensor head_;  // in options_.arithmetic, until the gradients by the last output are known
  int block_;        // the block of the next call
  std::vector<at::Tensor> output_grads_;  // by the output of block_, per sequence
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FEATURES_GRADIENT_PASS_H_
