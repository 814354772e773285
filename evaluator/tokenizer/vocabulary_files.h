// Reads vocab.json with merges.txt, the files of byte-level models without a tokenizer.json.
// Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_VOCABULARY_FILES_H_
#define STRATA_EVALUATOR_TOKENIZER_VOCABULARY_FILES_H_

#include <absl/status/statusor.h>

#include <string>

#include "evaluator/tokenizer/tokenizer_config.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Reads the files of `directory`. They do not say how text is cut; the class of `config` does. It
// must be GPT2Tokenizer (which OPT has too, and which is assumed if no class is named) or
// Qwen2Tokenizer, with or without Fast. Errors: Unimplemented for other classes; those of
// FileStatus; InvalidArgument names the file.
absl::StatusOr<TokenizerDescription> ReadVocabularyFiles(const std::string& directory,
                                                         const TokenizerConfig& config);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_VOCABULARY_FILES_H_
