// Reads the tokenizer inside a GGUF file. Private to evaluator/.
#ifndef STRATA_EVALUATOR_GGUF_TOKENIZER_H_
#define STRATA_EVALUATOR_GGUF_TOKENIZER_H_

#include <absl/status/statusor.h>

#include "evaluator/formats/gguf_file.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// tokenizer.ggml.model "gpt2" (byte-level, by tokenizer.ggml.pre) or "llama" (SentencePiece's
// merges by score). Of the latter, spaces are written as U+2581, with one put before the text and
// after every special token where tokenizer.ggml.add_space_prefix is true or absent; decoding takes
// it away again. Control, user-defined and unknown tokens are found in text.
//
// NotFound without tokens; InvalidArgument for lengths that differ, types or ids out of range, and
// merges of what is no token; Unimplemented names the kind found and the kinds supported.
absl::StatusOr<TokenizerDescription> ReadGgufTokenizer(const GgufFile& file);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_GGUF_TOKENIZER_H_
