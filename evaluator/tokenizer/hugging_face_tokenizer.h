// Reads the tokenizer of a Hugging Face directory. Private to evaluator/.
#ifndef STRATA_EVALUATOR_HUGGING_FACE_TOKENIZER_H_
#define STRATA_EVALUATOR_HUGGING_FACE_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <string>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// tokenizer.json, else tokenizer.model, else vocab.json with merges.txt of the classes that
// tokenizer_config.json may name. Begin, end and added tokens as transformers has them: see
// OpenTokenizer. NotFound lists the files that were looked for.
absl::StatusOr<TokenizerDescription> ReadHuggingFaceTokenizer(const std::string& directory);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_HUGGING_FACE_TOKENIZER_H_
