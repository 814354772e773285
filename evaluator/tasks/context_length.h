// The context length of a model: the number of tokens that it was trained to read at once.
#ifndef STRATA_EVALUATOR_TASKS_CONTEXT_LENGTH_H_
#define STRATA_EVALUATOR_TASKS_CONTEXT_LENGTH_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

namespace strata::tasks {

// Returns the context length in tokens, by the rules of lm-evaluation-harness. For a directory it
// is n_positions, max_position_embeddings or n_ctx of config.json (those of its text_config first),
// else model_max_length of tokenizer_config.json. For a GGUF file it is context_length. It is 2048
// if the files do not state it. Errors: those of the readers.
absl::StatusOr<int64_t> ContextLength(const std::string& model_path);

// Returns `maximum_tokens`, or ContextLength if that is 0. Errors: InvalidArgument for fewer than 2
// tokens; those of ContextLength.
absl::StatusOr<int64_t> ReadableTokens(const std::string& model_path, int64_t maximum_tokens);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_CONTEXT_LENGTH_H_
