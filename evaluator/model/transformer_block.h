// One transformer block: its weights, and its forward pass for models of all families.
#ifndef STRATA_EVALUATOR_TRANSFORMER_BLOCK_H_
#define STRATA_EVALUATOR_TRANSFORMER_BLOCK_H_

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

// Input of linear 0 ... config.linears_per_block() - 1.
BlockInput InputOf(const ModelConfig& config, int linear);

// Matrices of the linears, all float32 or all bfloat16. Those that share an input lie one after the
// other in one matrix, so that a forward pass multiplies once.
struct BlockMatrices {
  at::Tensor query_key_value;   // [(heads + 2 key_value_heads) * head_dimension, hidden]
  at::Tensor attention_output;  // [hidden, heads * head_dimension]
  at::Tensor gate_up;           // [2 * feed_forward, hidden]; without a gate [feed_forward, hidden]
  at::Tensor down;              // [hidden, feed_forward]

  static BlockMatrices Allocate(const ModelConfig& config, Arithmetic arithmetic);

  // The matrix that multiplies an input.
  const at::Tensor& Of(BlockInput input) const;

  // Rows of a linear as a matrix [rows, columns] that shares the memory.
  at::Tensor Linear(const ModelConfig& config, int linear) const;
};

// Float32 [columns]; undefined where a model has none.
struct NormWeights {
  at::Tensor weight;
  at::Tensor bias;
};

// What a block has besides its matrices, never pruned; float32, undefined where a model has none.
struct BlockVectors {
  NormWeights attention;            // of attention's input, or its sum with the residual
  NormWeights feed_forward;         // the same of the feed-forward
  NormWeights attention_output;     // of what is added to the residual
  NormWeights feed_forward_output;  // the same of the feed-forward
  at::Tensor query, key;            // norms of each head [head_dimension]
  // Biases, of the rows of the matrices.
  at::Tensor query_key_value_bias, attention_output_bias, gate_up_bias, down_bias;
  bool slides = false;  // attention reaches back config.sliding_window tokens only
};

// Tables of the rotary embeddings of a model's blocks, see RotaryTable; undefined for a model of
// learned positions.
struct RotaryTables {
  at::Tensor full, sliding;

  static RotaryTables Of(const ModelConfig& config, int64_t positions);
  const at::Tensor& For(const BlockVectors& vectors) const {
    return vectors.slides ? sliding : full;
  }
};

// Weights of `linear` for pruning; valid while the matrices live. They must be float32.
pruning::WeightView ViewOf(const at::Tensor& linear);

// All entries of a contiguous float32 tensor.
std::span<const float> ValuesOf(const at::Tensor& tensor);

// Called with each input of the linears before it is used: float32 or bfloat16 [tokens, columns],
// rows in token order. Valid during the call only.
using InputObserver = std::function<void(BlockInput input, const at::Tensor& rows)>;

// How far a block is run: to its output, or only until its linears' inputs are known, which saves
// the product with `down`, a quarter of LLaMA's; the hidden states are then undefined.
enum class BlockExtent { kOutput, kInputs };

// Runs blocks on packed sequences. Holds the intermediate results, so that running allocates
// little. Norms, rotary embedding, softmax and the residual stream are float32 whatever the
// arithmetic. Not thread-safe.
class BlockForward {
 public:
  // For any number of windows of one length.
  BlockForward(const ModelConfig& config, int64_t window_tokens, Arithmetic arithmetic);

  // For one layout. A prefix and what continues it are held in memory together.
  BlockForward(const ModelConfig& config, const TokenLayout& layout, Arithmetic arithmetic);

  // `hidden`, float32 [rows of the layout, or windows * window_tokens, hidden] and contiguous,
  // becomes the block's output in place.
  void Run(const BlockMatrices& matrices, const BlockVectors& vectors, at::Tensor& hidden,
           const InputObserver& observer = nullptr, BlockExtent extent = BlockExtent::kOutput);

  // Queries, keys and values of the rows that an observer is shown as kAttentionOutput, as
  // attention uses them; rows beyond those are undefined. Valid during that call.
  const at::Tensor& projected() const { return projected_; }

 private:
  // A segment without prefix and those that continue it; rows are counted from the batch's first.
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
  std::vector<Batch> batches_;  // of windows: one, used again and again
  RotaryTables rotary_;
  // Of a batch: normed input, query-key-value rows, attention result, gate and up rows, their
  // product, addend.
  at::Tensor normed_, projected_, attended_, gate_up_, gated_, addend_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TRANSFORMER_BLOCK_H_
