// The numbers that describe a model of the LLaMA family, read from a GGUF file's metadata.
#ifndef STRATA_EVALUATOR_LLAMA_CONFIG_H_
#define STRATA_EVALUATOR_LLAMA_CONFIG_H_

#include <absl/status/statusor.h>

#include <cstdint>

#include "evaluator/gguf_file.h"

namespace strata::evaluator {

struct LlamaConfig {
  int blocks = 0;
  int64_t hidden = 0;
  int64_t feed_forward = 0;
  int64_t vocabulary = 0;  // rows of the embedding
  int64_t heads = 0;
  int64_t key_value_heads = 0;  // divides heads
  int64_t head_dimension = 0;   // even
  double rotary_base = 10000;
  double norm_epsilon = 1e-5;

  int64_t query_rows() const { return heads * head_dimension; }
  int64_t key_value_rows() const { return key_value_heads * head_dimension; }
};

// Unimplemented: another architecture, mixture of experts, scaled or partial rotary embeddings,
// biases (each named). NotFound: a missing number or tensor. InvalidArgument: an impossible number,
// one that the shape of a weight tensor does not agree with, or more tokens in the tokenizer than
// rows in the embedding. So memory for a tensor whose size follows from an accepted configuration
// is in proportion to the file.
absl::StatusOr<LlamaConfig> ReadLlamaConfig(const GgufFile& file);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_LLAMA_CONFIG_H_
