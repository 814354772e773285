// Rewrites text before it is cut, step by step. Private to evaluator/.
#ifndef STRATA_EVALUATOR_NORMALIZER_H_
#define STRATA_EVALUATOR_NORMALIZER_H_

#include <absl/status/statusor.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/text_pattern.h"
#include "evaluator/tokenizer_description.h"

namespace strata::evaluator {

// Immutable; may be used from several threads.
class Normalizer {
 public:
  // Unimplemented or InvalidArgument for an expression that is not supported.
  static absl::StatusOr<Normalizer> Create(const std::vector<NormalizerStep>& steps);

  // `text` rewritten: itself, or a string put into `storage`. Malformed bytes stay as they are.
  // `begins_text`: nothing comes before it in the text it is of.
  std::string_view Apply(std::string_view text, bool begins_text,
                         std::deque<std::string>& storage) const;

 private:
  struct Step {
    NormalizerStep description;
    std::vector<PatternMatcher> pattern;  // one, of a replacement
  };
  Normalizer() = default;
  std::vector<Step> steps_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_NORMALIZER_H_
