// Rewrites text step by step before it is cut. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_NORMALIZER_H_
#define STRATA_EVALUATOR_TOKENIZER_NORMALIZER_H_

#include <absl/status/statusor.h>

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Immutable; may be used from several threads.
class Normalizer {
 public:
  // One step. Returns `text` itself, a part of it, or a string that it put into `storage`.
  using Rewrite = std::function<std::string_view(std::string_view text, bool begins_text,
                                                 std::deque<std::string>& storage)>;

  // Errors: Unimplemented or InvalidArgument for an unsupported expression or a damaged map.
  static absl::StatusOr<Normalizer> Create(const std::vector<NormalizerStep>& steps);

  // Returns the rewritten text: `text` itself, a part of it, or a string put into `storage`.
  // Malformed bytes stay as they are. `begins_text` is true if nothing precedes `text` in the whole
  // text.
  std::string_view Apply(std::string_view text, bool begins_text,
                         std::deque<std::string>& storage) const;

 private:
  Normalizer() = default;
  std::vector<Rewrite> steps_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_NORMALIZER_H_
