// Reading a text token by token, each token once: what generating text is made of.
#ifndef STRATA_EVALUATOR_TOKEN_DECODER_H_
#define STRATA_EVALUATOR_TOKEN_DECODER_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "evaluator/decoding/decoder_linear.h"
#include "evaluator/decoding/key_value_cache.h"
#include "evaluator/decoding/thread_team.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_pruner.h"

namespace strata::evaluator {

// Linears of one block, those with the same input as one.
struct DecoderBlock {
  std::unique_ptr<DecoderLinear> query_key_value;
  std::unique_ptr<DecoderLinear> attention_output;
  std::unique_ptr<DecoderLinear> gate_up;
  std::unique_ptr<DecoderLinear> down;

  int64_t bytes() const;
};

// All linears of a pruned model but its head.
struct DecoderBlocks {
  std::vector<DecoderBlock> blocks;
  Arithmetic arithmetic = Arithmetic::kFloat32;  // that the weights are kept in
  int64_t zeros = 0;                             // pruned weights, as the pruner counted them

  int64_t bytes() const;
};

// Prunes one block after the other and keeps its linears in `format`. Errors of the pruner;
// Cancelled.
absl::StatusOr<DecoderBlocks> BuildDecoderBlocks(const TransformerModel& model, BlockPruner& pruner,
                                                 std::span<const BlockSparsity> sparsity,
                                                 Arithmetic arithmetic, LinearFormat format,
                                                 const DecoderKernels& kernels,
                                                 const Progress& progress);

// Seconds of the tokens decoded so far.
struct DecodingSeconds {
  double linears = 0;  // products with the linears of the blocks
  double head = 0;     // product with the output head
  double other = 0;    // embedding, norms, attention, activation
};

// Arithmetic on activations is float32 whatever the weights are kept in. Logits agree with those of
// BlockForward but for rounding. Not thread-safe.
class TokenDecoder {
 public:
  // All must outlive the decoder, and the linears have as many parts as the team. The head is
  // [vocabulary, embedding_columns]. The cache takes KeyValueCache::BytesPerToken for each of
  // `maximum_tokens`.
  TokenDecoder(const TransformerModel& model, const DecoderBlocks& blocks,
               const DecoderLinear& head, int64_t maximum_tokens, ThreadTeam& team);

  // Tokens read so far.
  int64_t position() const { return position_; }
  // Forgets all tokens from `position` on. OutOfRange beyond position().
  absl::Status Rewind(int64_t position);

  // Reads one token and returns the logits of the one after it, [vocabulary], valid until the next
  // call. OutOfRange if the cache is full; InvalidArgument for an id outside the vocabulary.
  absl::StatusOr<std::span<const float>> Decode(int32_t token);

  // Forgets everything and reads a prompt of at least one token at once, by dense matrix products:
  // compressed linears are expanded, one block at a time. Returns and fails as Decode. The products
  // have the arithmetic of the weights.
  absl::StatusOr<std::span<const float>> ReadPrompt(std::span<const int32_t> tokens);

  const DecodingSeconds& seconds() const { return seconds_; }

 private:
  absl::Status CheckToken(int32_t token) const;
  void Multiply(const DecoderLinear& linear, const at::Tensor& input, const at::Tensor& output);
  void RunBlock(int block);
  void Attend(int block);
  BlockMatrices Expanded(const DecoderBlock& block, const BlockMatrices& buffer);

  const TransformerModel& model_;
  const DecoderBlocks& blocks_;
  const DecoderLinear& head_;
  ThreadTeam& team_;
  ModelConfig config_;
  KeyValueCache cache_;
  RotaryTables rotary_;
  int64_t position_ = 0;
  // Of one token, float32 [1, columns].
  at::Tensor hidden_, normed_, projected_, attended_, gate_up_, gated_, addend_, logits_;
  std::vector<std::vector<float>> attention_weights_;  // per part
  DecodingSeconds seconds_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKEN_DECODER_H_
