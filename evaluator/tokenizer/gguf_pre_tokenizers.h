// The pre-tokenizers of byte-level vocabularies that GGUF knows by name. Private to
// evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_GGUF_PRE_TOKENIZERS_H_
#define STRATA_EVALUATOR_TOKENIZER_GGUF_PRE_TOKENIZERS_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// The expression of GPT-2 (Radford et al. 2019), which ByteLevel of tokenizer.json uses too.
extern const char* const kGpt2Expression;

struct GgufPreTokenizer {
  std::vector<PreTokenizerStep> steps;
  bool ignores_merges;     // a piece that is a token becomes that token
  bool begins_by_default;  // models of this kind were trained with a begin token
};

// Errors: Unimplemented, listing the known names.
absl::StatusOr<GgufPreTokenizer> FindGgufPreTokenizer(const std::string& name);

// Returns GGUF's name of the steps that a Hugging Face model of that kind has; nullopt if no name
// is known.
std::optional<std::string> GgufNameOf(const std::vector<PreTokenizerStep>& steps);

std::string GgufPreTokenizerNames();  // separated by spaces

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_GGUF_PRE_TOKENIZERS_H_
