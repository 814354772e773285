#include "evaluator/model/token_loss.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "evaluator/model/libtorch_errors.h"

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

TEST(TokenLossTest, TargetsWithoutARowAreNamed) {
  const at::Tensor rows = at::zeros({2, 4});
  const at::Tensor head = at::zeros({9, 4});
  for (const int64_t target : {int64_t{9}, int64_t{-1}}) {
    const absl::Status status = CatchLibTorchErrors("measuring", [&] {
      NextTokenLosses(rows, head, {0, target});
      return absl::OkStatus();
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(status.message()),
              "expected token ids below 9, the rows of the model's embedding, found " +
                  std::to_string(target) +
                  ": the text holds a token that the model has no weights for");
  }
}

// Logits of small whole numbers, exact in both types: every third target is the largest, alone or
// with others.
TEST(TokenLossTest, KnowsTheLargestTarget) {
  const at::Tensor rows = at::eye(40).repeat({2, 1});
  const at::Tensor head =
      at::remainder(at::arange(2500 * 40) * 31, 97).view({2500, 40}).to(at::kFloat);
  const at::Tensor logits = rows.mm(head.t());
  std::vector<int64_t> targets;
  for (int64_t i = 0; i < rows.size(0); ++i) {
    targets.push_back(i % 3 == 0 ? logits[i].argmax().item<int64_t>() : i * 31);
  }
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const TokenLosses losses = NextTokenLosses(rows.to(type), head.to(type), targets);
    for (size_t i = 0; i < targets.size(); ++i) {
      const at::Tensor row = logits[static_cast<int64_t>(i)];
      EXPECT_EQ(losses.target_is_largest[i],
                row[targets[i]].item<float>() == row.max().item<float>())
          << "row " << i;
    }
  }
}

}  // namespace
}  // namespace strata::evaluator
