// Keys and values of the tokens read so far, and the attention of one new token to them.
#ifndef STRATA_EVALUATOR_DECODING_KEY_VALUE_CACHE_H_
#define STRATA_EVALUATOR_DECODING_KEY_VALUE_CACHE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/checkpoint/model_config.h"

namespace strata::evaluator {

// Keys and values of all blocks of a model, in float32. Heads that share keys and values share
// their entries. Const access is thread-safe.
class KeyValueCache {
 public:
  KeyValueCache(const ModelConfig& config, int64_t maximum_tokens);

  static int64_t BytesPerToken(const ModelConfig& config);
  int64_t maximum_tokens() const { return maximum_tokens_; }

  // Stores the keys (already rotated) and the values of the tokens at `position`, position + 1,
  // .... Both are float32 [tokens, key_value_rows], with any strides.
  void Write(int block, int64_t position, const at::Tensor& keys, const at::Tensor& values);

  // Computes output = softmax(query . keys * config.attention_scale()) . values for heads
  // first_head <= head < last_head. It covers positions 0 ... `position`, or in a block with
  // sliding attention the last config.sliding_window of them. `query` (already rotated) and
  // `output` hold all heads one after the other. `weights` is working memory, resized to position +
  // 1 numbers.
  void Attend(int block, int64_t position, std::span<const float> query, int64_t first_head,
              int64_t last_head, std::vector<float>& weights, std::span<float> output) const;

 private:
  ModelConfig config_;
  int64_t maximum_tokens_;
  // Per block, keys are [key_value_heads, dimension, maximum_tokens], so that products with a query
  // run along positions. Values are [key_value_heads, maximum_tokens, dimension].
  std::vector<at::Tensor> keys_;
  std::vector<at::Tensor> values_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_DECODING_KEY_VALUE_CACHE_H_
