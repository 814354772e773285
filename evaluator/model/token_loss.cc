#include "evaluator/model/token_loss.h"

#include <ATen/ATen.h>

#include <cmath>

#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/logit_tiles.h"
#include "evaluator/model/row_kernels.h"

namespace strata::evaluator {
namespace {

// Copies the logits of the targets that lie in a tile whose first column is `first`.
void KeepTargetLogits(const at::Tensor& logits, int64_t first, const int64_t* targets,
                      float* target_logits) {
  for (int64_t row = 0; row < logits.size(0); ++row) {
    const int64_t column = targets[row] - first;
    if (column < 0 || column >= logits.size(1)) continue;
    target_logits[row] =
        logits.scalar_type() == at::kFloat
            ? logits.const_data_ptr<float>()[row * logits.size(1) + column]
            : static_cast<float>(
                  logits.const_data_ptr<at::BFloat16>()[row * logits.size(1) + column]);
  }
}

}  // namespace

TokenLosses NextTokenLosses(const at::Tensor& rows, const at::Tensor& head,
                            const std::vector<int64_t>& targets) {
  const at::InferenceMode guard;
  const int64_t tokens = rows.size(0);
  CheckIds(head.size(0), targets);
  std::vector<RunningLogSumExp> running(tokens);
  std::vector<float> tile_logits(tokens);  // of the targets, rounded like the rest of their rows
  ForEachLogitTile(rows, head, [&](at::Tensor& logits, int64_t row, int64_t column) {
    AddLogits(logits, running.data() + row);
    KeepTargetLogits(logits, column, targets.data() + row, tile_logits.data() + row);
  });
  const at::Tensor ids = at::from_blob(const_cast<int64_t*>(targets.data()), {tokens}, at::kLong);
  const at::Tensor target_logits =
      at::mul(rows.to(at::kFloat), head.index_select(0, ids).to(at::kFloat)).sum(1).contiguous();
  const float* target = target_logits.data_ptr<float>();
  TokenLosses losses;
  for (int64_t row = 0; row < tokens; ++row) {
    losses.log_sum_exp.push_back(running[row].maximum + std::log(running[row].sum));
    losses.negative_log_likelihood.push_back(losses.log_sum_exp.back() - target[row]);
    losses.target_is_largest.push_back(tile_logits[row] >= running[row].maximum);
  }
  return losses;
}

}  // namespace strata::evaluator
