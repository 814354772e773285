// Cuts text into pieces, which no token of the vocabulary reaches across. Private to
// evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_PRE_TOKENIZER_H_
#define STRATA_EVALUATOR_TOKENIZER_PRE_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/tokenizer/text_pattern.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Immutable; may be used from several threads.
class PreTokenizer {
 public:
  // Errors: Unimplemented or InvalidArgument for an unsupported expression.
  static absl::StatusOr<PreTokenizer> Create(const std::vector<PreTokenizerStep>& steps);

  // Returns the pieces of `text` in order, none empty; without steps, all of it. They lie in `text`
  // or in strings put into `storage`. `begins_text` is true if nothing precedes `text` in the whole
  // text. If a step has an expression, each byte that is not well-formed UTF-8 is a piece of its
  // own, and the texts on its two sides do not see each other.
  std::vector<std::string_view> Split(std::string_view text, bool begins_text,
                                      std::deque<std::string>& storage) const;

 private:
  struct Step {
    PreTokenizerStep description;
    std::vector<PatternMatcher> pattern;  // one for a split, otherwise none
  };
  PreTokenizer() = default;
  std::vector<Step> steps_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_PRE_TOKENIZER_H_
