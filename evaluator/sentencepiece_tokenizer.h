// SentencePiece's byte-pair encoding by score (tokenizer.ggml.model "llama"). Private to
// evaluator/.
#ifndef STRATA_EVALUATOR_SENTENCEPIECE_TOKENIZER_H_
#define STRATA_EVALUATOR_SENTENCEPIECE_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <memory>

#include "evaluator/gguf_file.h"
#include "evaluator/tokenizer.h"

namespace strata::evaluator {

// Spaces are written as U+2581, with one put before the text and after every special token where
// tokenizer.ggml.add_space_prefix is true or absent; decoding takes it away again. Characters that
// are no token become the tokens of their bytes. decode(encode(x)) is x for every string of bytes
// without U+2581, which decodes as a space. InvalidArgument if bytes are missing and there is no
// unknown token.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenSentencePieceTokenizer(const GgufFile& file);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SENTENCEPIECE_TOKENIZER_H_
