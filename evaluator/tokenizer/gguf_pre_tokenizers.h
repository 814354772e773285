// The pre-tokenizers of byte-level vocabularies that GGUF knows by name. Private to evaluator/.
#ifndef STRATA_EVALUATOR_GGUF_PRE_TOKENIZERS_H_
#define STRATA_EVALUATOR_GGUF_PRE_TOKENIZERS_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// The expression of GPT-2 (Radford et al. 2019), which ByteLevel of tokenizer.json means too.
extern const char* const kGpt2Expression;

struct GgufPreTokenizer {
  std::vector<PreTokenizerStep> steps;
  bool ignores_merges;     // a piece that is a token as it stands is that token
  bool begins_by_default;  // models of this kind were trained with a begin token
};

// Unimplemented lists the names that are known.
absl::StatusOr<GgufPreTokenizer> FindGgufPreTokenizer(const std::string& name);

// The name of steps as a Hugging Face model of that kind has them.
std::optional<std::string> GgufNameOf(const std::vector<PreTokenizerStep>& steps);

std::string GgufPreTokenizerNames();  // with spaces between

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_GGUF_PRE_TOKENIZERS_H_
