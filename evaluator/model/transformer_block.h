// One transformer block: its weights and its forward pass, for models of all families.
#ifndef STRATA_EVALUATOR_MODEL_TRANSFORMER_BLOCK_H_
#define STRATA_EVALUATOR_MODEL_TRANSFORMER_BLOCK_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "evaluator/checkpoint/model_config.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/packed_tokens.h"
#include "pruning/weight_view.h"

namespace strata::evaluator {

// The four different inputs of a block's linears.
enum class BlockInput { kAttention, kAttentionOutput, kFeedForward, kDown };
constexpr int kBlockInputs = 4;

// Returns the input of linear 0 ... config.linears_per_block() - 1.
BlockInput InputOf(const ModelConfig& config, int linear);

// Matrices of a block's linears, all float32 or all bfloat16. Linears that share an input lie one
// after the other in one matrix, so that a forward pass multiplies once for all of them.
struct BlockMatrices {
  at::Tensor query_key_value;   // [(heads + 2 key_value_heads) * head_dimension, hidden]
  at::Tensor attention_output;  // [hidden, heads * head_dimension]
  at::Tensor gate_up;           // [2 * feed_forward, hidden]; without a gate [feed_forward, hidden]
  at::Tensor down;              // [hidden, feed_forward]

  static BlockMatrices Allocate(const ModelConfig& config, Arithmetic arithmetic);

  // Returns the matrix that multiplies `input`.
  const at::Tensor& Of(BlockInput input) const;

  // Returns the rows of one linear as a matrix [rows, columns] that shares the memory.
  at::Tensor Linear(const ModelConfig& config, int linear) const;
};

// Weights of a norm, float32 [columns]. Undefined if the model has none.
struct NormWeights {
  at::Tensor weight;
  at::Tensor bias;
};

// Everything in a block other than its matrices. It is never pruned. The tensors are float32, and
// undefined if the model has none.
struct BlockVectors {
  NormWeights attention;            // of attention's input, or of its output plus the residual
  NormWeights feed_forward;         // the same of the feed-forward
  NormWeights attention_output;     // of what is added to the residual
  NormWeights feed_forward_output;  // the same of the feed-forward
  at::Tensor query, key;            // norm weights of each head [head_dimension]
  // Biases of the rows of the matrices.
  at::Tensor query_key_value_bias, attention_output_bias, gate_up_bias, down_bias;
  bool slides = false;  // true if attention reaches back config.sliding_window tokens only
};

// Tables of the rotary embeddings (see RotaryTable) of a model's blocks, for those with full and
// those with sliding attention. Undefined for a model with learned positions.
struct RotaryTables {
  at::Tensor full, sliding;

  static RotaryTables Of(const ModelConfig& config, int64_t positions);
  const at::Tensor& For(const BlockVectors& vectors) const {
    return vectors.slides ? sliding : full;
  }
};

// Returns the weights of `linear`, which must be float32, for pruning. Valid while the matrix
// lives.
pruning::WeightView ViewOf(const at::Tensor& linear);

// Returns all entries of a contiguous float32 tensor.
std::span<const float> ValuesOf(const at::Tensor& tensor);

// Called with each input of the linears before it is used. `rows` is float32 or bfloat16 [tokens,
// columns], in token order, and valid during the call only.
using InputObserver = std::function<void(BlockInput input, const at::Tensor& rows)>;

// How far a block is run: to its output, or only until the inputs of its linears are known. The
// latter saves the product with `down`, which is a quarter of the products of a LLaMA block, and
// leaves the hidden states undefined.
enum class BlockExtent { kOutput, kInputs };

// Runs blocks on packed sequences. It owns the memory of intermediate results, so that a run
// allocates little. Norms, rotary embedding, softmax and the residual stream are float32 in every
// arithmetic. Not thread-safe.
class BlockForward {
 public:
  // Prepares for any number of windows of one length.
  BlockForward(const ModelConfig& config, int64_t window_tokens, Arithmetic arithmetic);

  // Prepares for one layout. A prefix and the segments that continue it are in memory together.
  BlockForward(const ModelConfig& config, const TokenLayout& layout, Arithmetic arithmetic);

  // Replaces `hidden` by the block's output. `hidden` is contiguous and float32 [rows, hidden]. The
  // number of rows is that of the layout, or windows * window_tokens.
  void Run(const BlockMatrices& matrices, const BlockVectors& vectors, at::Tensor& hidden,
           const InputObserver& observer = nullptr, BlockExtent extent = BlockExtent::kOutput);

  // Returns queries, keys and values as attention uses them. Valid only while an observer is called
  // with kAttentionOutput, and only for the rows that this observer gets; others are undefined.
  const at::Tensor& projected() const { return projected_; }

 private:
  // A segment without a prefix and the segments that continue it. first_row is counted from the
  // first row of the batch, the rows of the segments from the first row of the group.
  struct Group {
    int64_t first_row = 0;
    int64_t rows = 0;
    std::vector<TokenSegment> segments;  // the prefix first
  };
  // Rows that are multiplied together.
  struct Batch {
    int64_t rows = 0;
    std::vector<Group> groups;
    std::vector<int64_t> positions;  // of each row
  };

  void Allocate(Arithmetic arithmetic);
  void RunBatch(const BlockMatrices& matrices, const BlockVectors& vectors, const Batch& batch,
                at::Tensor& hidden, const InputObserver& observer, BlockExtent extent);
  void Attend(const Batch& batch, int64_t rows, int64_t window);
  void AttendCausally(const Group& group);
  void AttendMasked(const Group& group, int64_t window);
  at::Tensor Heads(int64_t first_row, int64_t rows, int64_t first_column, bool is_query) const;
  void StoreAttended(const at::Tensor& result, int64_t first_row);
  void AddProduct(const at::Tensor& rows, const at::Tensor& matrix, const at::Tensor& bias,
                  const NormWeights& norm, at::Tensor& hidden);

  ModelConfig config_;
  std::vector<Batch> batches_;  // windows of one length use a single batch repeatedly
  RotaryTables rotary_;
  // Intermediate results of a batch: the normalised input, rows of queries, keys and values, the
  // result of attention, rows of gate and up, their product, and the addend.
  at::Tensor normed_, projected_, attended_, gate_up_, gated_, addend_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_TRANSFORMER_BLOCK_H_
