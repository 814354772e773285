// A model of the LLaMA family small enough to be written by a test, whole or inconsistent.
#ifndef STRATA_TESTS_EVALUATOR_MODEL_SMALL_MODEL_H_
#define STRATA_TESTS_EVALUATOR_MODEL_SMALL_MODEL_H_

#include <cstdint>
#include <map>
#include <string>

namespace strata::evaluator {

// Width 8, two query heads of dimension 4 that share keys and values, 12 feed-forward rows, one
// block, and a tokenizer of single bytes: 258 tokens. All weights are float32 and positive.
struct SmallModel {
  // Unsigned numbers of the header by key.
  std::map<std::string, uint32_t> header = {
      {"llama.block_count", 1},          {"llama.embedding_length", 8},
      {"llama.feed_forward_length", 12}, {"llama.attention.head_count", 2},
      {"llama.rope.dimension_count", 4}, {"llama.attention.head_count_kv", 1},
      {"tokenizer.ggml.bos_token_id", 1}};
  // The last weight of a tensor, by name.
  std::map<std::string, float> last_weight;
  // If not negative: a token whose row of output.weight is so far below zero that its logit
  // overflows: the loss is infinite where the text has it, and finite elsewhere.
  int64_t impossible_token = -1;
  int64_t embedding_rows = 258;

  std::string Gguf() const;  // the bytes of the file
};

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_MODEL_SMALL_MODEL_H_
