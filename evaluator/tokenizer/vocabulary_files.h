// Reads vocab.json with merges.txt, as byte-level models without a tokenizer.json have. Private to
// evaluator/.
#ifndef STRATA_EVALUATOR_VOCABULARY_FILES_H_
#define STRATA_EVALUATOR_VOCABULARY_FILES_H_

#include <absl/status/statusor.h>

#include <string>

#include "evaluator/tokenizer/tokenizer_config.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Of `directory`. How text is cut is not in these files but in the class of `config`: GPT2Tokenizer
// (OPT has it too; also where no class is named) or Qwen2Tokenizer, with or without Fast; others
// are Unimplemented. NotFound or InvalidArgument names the file.
absl::StatusOr<TokenizerDescription> ReadVocabularyFiles(const std::string& directory,
                                                         const TokenizerConfig& config);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_VOCABULARY_FILES_H_
