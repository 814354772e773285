// Cross-entropy of next tokens, without the logits of all tokens at once.
#ifndef STRATA_EVALUATOR_TOKEN_LOSS_H_
#define STRATA_EVALUATOR_TOKEN_LOSS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace strata::evaluator {

struct TokenLosses {
  std::vector<double> log_sum_exp;              // of each row's logits
  std::vector<double> negative_log_likelihood;  // log_sum_exp minus the target's logit
  std::vector<bool> target_is_largest;          // no logit of the row is larger than the target's
};

// `rows` [tokens, hidden] after the final norm, `head` [vocabulary, hidden], both float32 or both
// bfloat16; `targets` has one id per row. Logits are formed for a tile of rows and vocabulary at a
// time (at most 32 MB) and reduced in float32.
TokenLosses NextTokenLosses(const at::Tensor& rows, const at::Tensor& head,
                            const std::vector<int64_t>& targets);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKEN_LOSS_H_
