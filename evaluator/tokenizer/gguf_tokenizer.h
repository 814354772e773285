// Reads the tokenizer inside a GGUF file. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_GGUF_TOKENIZER_H_
#define STRATA_EVALUATOR_TOKENIZER_GGUF_TOKENIZER_H_

#include <absl/status/statusor.h>

#include "evaluator/formats/gguf_file.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Reads a tokenizer whose tokenizer.ggml.model is "gpt2" (byte-level; tokenizer.ggml.pre names the
// pre-tokenizer) or "llama" (SentencePiece's merges by score). The latter writes spaces as U+2581.
// If tokenizer.ggml.add_space_prefix is true or absent, one is put before the text and after every
// special token, and decoding removes it again. Control, user-defined and unknown tokens are found
// in text.
//
// Errors: NotFound if there are no tokens; InvalidArgument for lengths that differ, types or ids
// out of range, and merges that do not join two tokens to a token; Unimplemented, naming the kind
// found and the kinds supported.
absl::StatusOr<TokenizerDescription> ReadGgufTokenizer(const GgufFile& file);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_GGUF_TOKENIZER_H_
