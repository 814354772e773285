// Cuts text into the pieces that a vocabulary's tokens lie within. Private to evaluator/.
#ifndef STRATA_EVALUATOR_PRE_TOKENIZER_H_
#define STRATA_EVALUATOR_PRE_TOKENIZER_H_

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
  // Unimplemented or InvalidArgument for an expression that is not supported.
  static absl::StatusOr<PreTokenizer> Create(const std::vector<PreTokenizerStep>& steps);

  // The pieces of `text`, none empty, in order; without steps, all of it. They lie in `text` or in
  // strings put into `storage`. `begins_text`: nothing comes before it in the text it is of. Where
  // a step has an expression, bytes that are not well-formed UTF-8 are pieces of one byte, and end
  // the context that the pieces beside them see.
  std::vector<std::string_view> Split(std::string_view text, bool begins_text,
                                      std::deque<std::string>& storage) const;

 private:
  struct Step {
    PreTokenizerStep description;
    std::vector<PatternMatcher> pattern;  // one, of a split
  };
  PreTokenizer() = default;
  std::vector<Step> steps_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRE_TOKENIZER_H_
