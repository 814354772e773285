// The tokenizer and the chat templates of a Hugging Face directory as metadata of a GGUF file.
// Private to evaluator/checkpoint/.
#ifndef STRATA_EVALUATOR_CHECKPOINT_GGUF_TOKENIZER_METADATA_H_
#define STRATA_EVALUATOR_CHECKPOINT_GGUF_TOKENIZER_METADATA_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>

#include "evaluator/formats/gguf_output.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Adds the tokenizer in one of the two schemes that readers of GGUF know. `vocabulary` is the
// number of rows of the embedding. Errors: Unimplemented, naming what GGUF cannot say: another
// scheme, pre-tokenizer or normaliser, and lstrip, rstrip or single_word of an added token.
absl::Status AddTokenizer(const TokenizerDescription& tokenizer, int64_t vocabulary,
                          GgufMetadata* metadata);

// Adds chat_template.jinja and additional_chat_templates/ or, if the directory has neither, the
// templates of tokenizer_config.json. Errors: those of FileStatus and ReadJsonFile.
absl::Status AddChatTemplates(const std::string& folder, GgufMetadata* metadata);

// Encodes a probe text with a tokenizer and with the one that was written to a file. Errors:
// Unimplemented if the two differ.
absl::Status CheckWrittenTokenizer(const TokenizerDescription& tokenizer, const std::string& path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_GGUF_TOKENIZER_METADATA_H_
