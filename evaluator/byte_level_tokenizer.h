// Byte-level byte-pair encoding (tokenizer.ggml.model "gpt2"). Private to evaluator/.
#ifndef STRATA_EVALUATOR_BYTE_LEVEL_TOKENIZER_H_
#define STRATA_EVALUATOR_BYTE_LEVEL_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <memory>

#include "evaluator/gguf_file.h"
#include "evaluator/tokenizer.h"

namespace strata::evaluator {

// decode(encode(x)) is x for every string of bytes that the vocabulary holds. A byte that it lacks
// becomes the unknown token. Unimplemented for an unknown pre-tokenizer; InvalidArgument if merges
// name tokens that are not there, or bytes are missing and there is no unknown token.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenByteLevelTokenizer(const GgufFile& file);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BYTE_LEVEL_TOKENIZER_H_
