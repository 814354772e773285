// How long a text a model was trained to read.
#ifndef STRATA_EVALUATOR_TASKS_CONTEXT_LENGTH_H_
#define STRATA_EVALUATOR_TASKS_CONTEXT_LENGTH_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

namespace strata::tasks {

// Tokens, as lm-evaluation-harness finds them: n_positions, max_position_embeddings or n_ctx of a
// directory's config.json (of its text_config first), else model_max_length of its
// tokenizer_config.json; context_length of a GGUF file; 2048 where nothing says. Errors of the
// readers.
absl::StatusOr<int64_t> ContextLength(const std::string& model_path);

// `maximum_tokens`, or ContextLength where it is 0. InvalidArgument below 2.
absl::StatusOr<int64_t> ReadableTokens(const std::string& model_path, int64_t maximum_tokens);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_CONTEXT_LENGTH_H_
