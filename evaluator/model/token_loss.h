// Cross-entropy of next tokens, computed without holding the logits of all tokens at once.
#ifndef STRATA_EVALUATOR_MODEL_TOKEN_LOSS_H_
#define STRATA_EVALUATOR_MODEL_TOKEN_LOSS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace strata::evaluator {

struct TokenLosses {
  std::vector<double> log_sum_exp;              // of each row's logits
  std::vector<double> negative_log_likelihood;  // log_sum_exp minus the target's logit
  std::vector<bool> target_is_largest;          // no logit of the row is larger than the target's
};

// Returns the losses of `targets`, which has one id per row. `rows` is [tokens, hidden] after the
// final norm and `head` is [vocabulary, hidden]. Both are float32 or both are bfloat16. Logits are
// formed for a tile of rows and vocabulary at a time (at most 32 MB) and reduced in float32. Throws
// StatusException for a target without a row in the head.
TokenLosses NextTokenLosses(const at::Tensor& rows, const at::Tensor& head,
                            const std::vector<int64_t>& targets);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_TOKEN_LOSS_H_
