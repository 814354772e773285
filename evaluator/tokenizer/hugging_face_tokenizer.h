// Reads the tokenizer of a Hugging Face directory. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_HUGGING_FACE_TOKENIZER_H_
#define STRATA_EVALUATOR_TOKENIZER_HUGGING_FACE_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <string>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Reads tokenizer.json; if it is absent, tokenizer.model; if that is absent, vocab.json with
// merges.txt for the classes that tokenizer_config.json may name. Begin, end and added tokens are
// those of transformers; see OpenTokenizer. Errors: NotFound, listing the files that were looked
// for.
absl::StatusOr<TokenizerDescription> ReadHuggingFaceTokenizer(const std::string& directory);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_HUGGING_FACE_TOKENIZER_H_
