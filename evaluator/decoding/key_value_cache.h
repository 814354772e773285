// Keys and values of the tokens read so far, and attention of one new token to them.
#ifndef STRATA_EVALUATOR_KEY_VALUE_CACHE_H_
#define STRATA_EVALUATOR_KEY_VALUE_CACHE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/checkpoint/model_config.h"

namespace strata::evaluator {

// Of all blocks of a model, in float32. Heads that share keys and values share their entries. Const
// access is thread-safe.
class KeyValueCache {
 public:
  KeyValueCache(const ModelConfig& config, int64_t maximum_tokens);

  static int64_t BytesPerToken(const ModelConfig& config);
  int64_t maximum_tokens() const { return maximum_tokens_; }

  // Keys (already rotated) and values of the tokens at `position`, position + 1, ...: float32
  // [tokens, key_value_rows] each, with any strides.
  void Write(int block, int64_t position, const at::Tensor& keys, const at::Tensor& values);

  // output = softmax(query . keys * config.attention_scale()) . values over positions 0 ...
  // `position`, or the last config.sliding_window of them in a block that slides, for heads
  // first_head <= head < last_head. `query`, rotated, and `output` hold all heads one after
  // the other; `weights` is a place for position + 1 numbers.
  void Attend(int block, int64_t position, std::span<const float> query, int64_t first_head,
              int64_t last_head, std::vector<float>& weights, std::span<float> output) const;

 private:
  ModelConfig config_;
  int64_t maximum_tokens_;
  // Per block [key_value_heads, dimension, maximum_tokens]: products with a query then run along
  // positions; and [key_value_heads, maximum_tokens, dimension].
  std::vector<at::Tensor> keys_;
  std::vector<at::Tensor> values_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_KEY_VALUE_CACHE_H_
