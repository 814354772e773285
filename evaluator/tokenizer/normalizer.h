// Rewrites text before it is cut, step by step. Private to evaluator/.
#ifndef STRATA_EVALUATOR_NORMALIZER_H_
#define STRATA_EVALUATOR_NORMALIZER_H_

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
  // One step: `text` itself or a part of it, or a string put into `storage`.
  using Rewrite = std::function<std::string_view(std::string_view text, bool begins_text,
                                                 std::deque<std::string>& storage)>;

  // Unimplemented or InvalidArgument for an expression that is not supported or a damaged map.
  static absl::StatusOr<Normalizer> Create(const std::vector<NormalizerStep>& steps);

  // `text` rewritten: itself, or a string put into `storage`. Malformed bytes stay as they are.
  // `begins_text`: nothing comes before it in the text it is of.
  std::string_view Apply(std::string_view text, bool begins_text,
                         std::deque<std::string>& storage) const;

 private:
  Normalizer() = default;
  std::vector<Rewrite> steps_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_NORMALIZER_H_
