#include "evaluator/token_loss.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

// More rows and a larger vocabulary than one tile holds.
TEST(TokenLossTest, AgreesWithCrossEntropyOfAllLogits) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
  const at::Tensor rows = at::randn({2100, 24}, generator);
  const at::Tensor head = at::randn({2500, 24}, generator);
  std::vector<int64_t> targets;
  for (int64_t i = 0; i < rows.size(0); ++i) targets.push_back(i * 7 % head.size(0));
  const TokenLosses losses = NextTokenLosses(rows, head, targets);
  const at::Tensor logits = rows.to(at::kDouble).mm(head.to(at::kDouble).t());
  const at::Tensor sums = logits.logsumexp(1).contiguous();
  ASSERT_EQ(losses.log_sum_exp.size(), targets.size());
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    ASSERT_NEAR(losses.log_sum_exp[i], sums.const_data_ptr<double>()[i], 1e-4);
    ASSERT_NEAR(losses.negative_log_likelihood[i],
                sums.const_data_ptr<double>()[i] -
                    logits.const_data_ptr<double>()[row * head.size(0) + targets[i]],
                1e-4);
  }
}

}  // namespace
}  // namespace strata::evaluator
