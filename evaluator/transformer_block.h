// One transformer block of the LLaMA family: its weights, and its forward pass.
#ifndef STRATA_EVALUATOR_TRANSFORMER_BLOCK_H_
#define STRATA_EVALUATOR_TRANSFORMER_BLOCK_H_

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include "evaluator/evaluator.h"
#include "evaluator/model_config.h"
#include "pruning/weight_view.h"

namespace strata::evaluator {

// Prunable linears of a block, in ModelSummary's order: q k v o gate up down.
constexpr int kLinearsPerBlock = 7;
static_assert(kLinearsPerBlock + 2 == kBlockTensors);

// The four different inputs of a block's linears.
enum class BlockInput { kAttention, kAttentionOutput, kFeedForward, kDown };
constexpr int kBlockInputs = 4;

// Input of linear 0 ... 6.
BlockInput InputOf(int linear);

// Matrices of the linears, all float32 or all bfloat16. Those that share an input lie one after the
// other in one matrix, so that a forward pass multiplies once.
struct BlockMatrices {
  at::Tensor query_key_value;   // [(heads + 2 key_value_heads) * head_dimension, hidden]
  at::Tensor attention_output;  // [hidden, heads * head_dimension]
  at::Tensor gate_up;           // [2 * feed_forward, hidden]
  at::Tensor down;              // [hidden, feed_forward]

  static BlockMatrices Allocate(const ModelConfig& config, Arithmetic arithmetic);

  // The matrix that multiplies an input.
  const at::Tensor& Of(BlockInput input) const;

  // Rows of linear 0 ... 6 as a matrix [rows, columns] that shares the memory.
  at::Tensor Linear(const ModelConfig& config, int linear) const;
};

// Norm weights, float32 [hidden]; never pruned.
struct BlockNorms {
  at::Tensor attention;
  at::Tensor feed_forward;
};

// Weights of `linear` for pruning; valid while the matrices live. They must be float32.
pruning::WeightView ViewOf(const at::Tensor& linear);

// All entries of a contiguous float32 tensor.
std::span<const float> ValuesOf(const at::Tensor& tensor);

// Called with each input of the linears before it is used: float32 or bfloat16 [tokens, columns],
// rows in token order. Valid during the call only.
using InputObserver = std::function<void(BlockInput input, const at::Tensor& rows)>;

// Runs blocks on windows of one length. Holds the intermediate results, so that running allocates
// little. Norms, rotary embedding, softmax and the residual stream are float32 whatever the
// arithmetic. Not thread-safe.
class BlockForward {
 public:
  BlockForward(const ModelConfig& config, int64_t window_tokens, Arithmetic arithmetic);

  // `hidden`, float32 [windows * window_tokens, hidden] and contiguous, becomes the block's output
  // in place.
  void Run(const BlockMatrices& matrices, const BlockNorms& norms, at::Tensor& hidden,
           const InputObserver& observer = nullptr);

 private:
  void RunBatch(const BlockMatrices& matrices, const BlockNorms& norms, at::Tensor& hidden,
                const InputObserver& observer);
  void Attend(int64_t windows);
  void AddProduct(const at::Tensor& rows, const at::Tensor& matrix, at::Tensor& hidden);

  ModelConfig config_;
  int64_t window_tokens_;
  int64_t batch_windows_;
  at::Tensor rotary_;
  // Of a batch: normed input, query-key-value rows, attention result, gate and up rows, their
  // product, addend.
  at::Tensor normed_, projected_, attended_, gate_up_, gated_, addend_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TRANSFORMER_BLOCK_H_
