// Reads a text token by token, each token once. Text is generated in this way.
#ifndef STRATA_EVALUATOR_DECODING_TOKEN_DECODER_H_
#define STRATA_EVALUATOR_DECODING_TOKEN_DECODER_H_

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
#include "evaluator/pruners/block_source.h"

namespace strata::evaluator {

// Linears of one block. Linears with the same input are joined into one.
struct DecoderBlock {
  std::unique_ptr<DecoderLinear> query_key_value;
  std::unique_ptr<DecoderLinear> attention_output;
  std::unique_ptr<DecoderLinear> gate_up;
  std::unique_ptr<DecoderLinear> down;

  int64_t bytes() const;
};

// All linears of a pruned model except its head.
struct DecoderBlocks {
  std::vector<DecoderBlock> blocks;
  Arithmetic arithmetic = Arithmetic::kFloat32;  // number type of the stored weights
  int64_t zeros = 0;                             // pruned weights, as the pruner counted them

  int64_t bytes() const;
};

// Takes one block after the other from `source` and keeps its linears in `format`. Errors: those of
// `source`; Cancelled.
absl::StatusOr<DecoderBlocks> BuildDecoderBlocks(const TransformerModel& model, BlockSource& source,
                                                 Arithmetic arithmetic, LinearFormat format,
                                                 const DecoderKernels& kernels,
                                                 const Progress& progress);

// Seconds spent on the tokens decoded so far.
struct DecodingSeconds {
  double linears = 0;  // products with the linears of the blocks
  double head = 0;     // product with the output head
  double other = 0;    // embedding, norms, attention, activation
};

// Decodes with a model. Arithmetic on activations is float32, whatever number type the weights
// have. Logits agree with those of BlockForward up to rounding. Not thread-safe.
class TokenDecoder {
 public:
  // All arguments must outlive the decoder. The linears must have as many parts as the team. `head`
  // is [vocabulary, embedding_columns]. The cache takes KeyValueCache::BytesPerToken for each of
  // `maximum_tokens`.
  TokenDecoder(const TransformerModel& model, const DecoderBlocks& blocks,
               const DecoderLinear& head, int64_t maximum_tokens, ThreadTeam& team);

  // Number of tokens read so far.
  int64_t position() const { return position_; }
  // Forgets all tokens from `position` on. Errors: OutOfRange if `position` is beyond position().
  absl::Status Rewind(int64_t position);

  // Reads one token and returns the logits of the next token, [vocabulary], which are valid until
  // the next call. Errors: OutOfRange if the cache is full; InvalidArgument for an id outside the
  // vocabulary.
  absl::StatusOr<std::span<const float>> Decode(int32_t token);

  // Forgets all tokens and reads a prompt of at least one token at once, by dense matrix products.
  // Compressed linears are expanded, one block at a time. The products have the arithmetic of the
  // weights. Result as Decode. Errors: OutOfRange if the prompt is empty or larger than the cache;
  // InvalidArgument for an id outside the vocabulary.
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
  // Intermediate results of one token, float32 [1, columns].
  at::Tensor hidden_, normed_, projected_, attended_, gate_up_, gated_, addend_, logits_;
  std::vector<std::vector<float>> attention_weights_;  // per part
  DecodingSeconds seconds_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_DECODING_TOKEN_DECODER_H_
