// Tokens that are recognised in text as a whole, before anything else. Private to evaluator/.
#ifndef STRATA_EVALUATOR_SPECIAL_TOKENS_H_
#define STRATA_EVALUATOR_SPECIAL_TOKENS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "evaluator/pattern.h"
#include "evaluator/vocabulary.h"

namespace strata::evaluator {

// A part of a text: one special token, or text between them.
struct Fragment {
  std::string_view text;
  int32_t special = -1;  // id, or -1 for ordinary text
};

// The control, user-defined and unknown tokens of a vocabulary, found as Hugging Face's added
// tokens are: leftmost first, and the longest of those that begin at one place. Immutable.
class SpecialTokens {
 public:
  static absl::StatusOr<SpecialTokens> Create(const Vocabulary& vocabulary);

  // Fragments in order, none empty, which together are all of `text`.
  std::vector<Fragment> Split(std::string_view text) const;

 private:
  SpecialTokens() = default;
  std::unordered_map<std::string, int32_t> ids_;
  std::optional<Pattern> pattern_;  // empty: there are no special tokens
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SPECIAL_TOKENS_H_
