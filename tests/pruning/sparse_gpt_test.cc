#include "pruning/sparse_gpt.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace strata::pruning {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kRows = 24;
constexpr int64_t kColumns = 320;  // two whole groups of 128 columns and a half one

class SparseGptTest : public ::testing::Test {
 protected:
  void SetUp() override {
    at::manual_seed(11);
    activations_ = at::randn({4 * 160, kColumns}) * at::rand({kColumns}).add(0.2);
    // Neighbouring inputs are correlated, so that the correction of the weights matters.
    activations_ = activations_ + 0.6 * activations_.roll(1, 1);
    weights_ = at::randn({kRows, kColumns});
  }

  at::Tensor Hessian() {
    InputHessian hessian(kColumns);
    for (int64_t i = 0; i < 4; ++i) hessian.Add(activations_.slice(0, 160 * i, 160 * (i + 1)));
    return std::move(hessian).Matrix(4).value();
  }

  at::Tensor Pruned(const SparsityPattern& pattern) {
    at::Tensor weights = weights_.clone();
    const HessianFactor factor = FactorHessian(Hessian()).value();
    const int64_t zeros = SparseGptPrune(factor, pattern, weights).value();
    EXPECT_EQ(zeros, (weights == 0).sum().item<int64_t>());
    return weights;
  }

  double OutputError(const at::Tensor& weights) {
    return (activations_.matmul((weights - weights_).t())).norm().item<double>();
  }

  at::Tensor activations_;
  at::Tensor weights_;
};

// The algorithm as the paper states it, in float64, with whole-matrix operations and the inverse
// Hessian of the remaining columns computed anew by its factor.
at::Tensor Reference(const at::Tensor& hessian, const at::Tensor& dense, double sparsity,
                     int64_t group, int64_t removed) {
  at::Tensor h = hessian.to(at::kDouble);
  at::Tensor weights = dense.to(at::kDouble).clone();
  h = h + at::eye(h.size(0), at::kDouble) * (0.01 * h.diagonal().mean().item<double>());
  const at::Tensor factor = at::linalg_cholesky(at::linalg_inv(h), /*upper=*/true);
  const int64_t columns = weights.size(1);
  at::Tensor mask = at::zeros(weights.sizes(), at::kBool);
  for (int64_t column = 0; column < columns; ++column) {
    if (group == 0 && column % 128 == 0) {
      const int64_t end = std::min(columns, column + 128);
      const at::Tensor scores =
          weights.slice(1, column, end).square() / factor.diagonal().slice(0, column, end).square();
      const at::Tensor sorted = std::get<0>(scores.flatten().sort());
      const auto place = static_cast<int64_t>(static_cast<double>(scores.numel()) * sparsity);
      mask.slice(1, column, end).copy_(scores <= sorted[place]);
    }
    if (group != 0 && column % group == 0) {
      const at::Tensor scores = weights.slice(1, column, column + group).square() /
                                factor.diagonal().slice(0, column, column + group).square();
      const at::Tensor lowest =
          std::get<1>(scores.topk(removed, /*dim=*/1, /*largest=*/false, /*sorted=*/true));
      mask.slice(1, column, column + group).scatter_(1, lowest, true);
    }
    const at::Tensor error =
        (weights.select(1, column) * mask.select(1, column)) / factor[column][column];
    weights.slice(1, column, columns) -=
        error.unsqueeze(1) * factor[column].slice(0, column, columns).unsqueeze(0);
    weights.select(1, column).masked_fill_(mask.select(1, column), 0.0);
  }
  return weights;
}

double RelativeDistance(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kDouble) - b).norm() / b.norm()).item<double>();
}

TEST_F(SparseGptTest, HessianIsTwiceTheMeanOfOuterProducts) {
  const at::Tensor expected =
      activations_.to(at::kDouble).t().matmul(activations_.to(at::kDouble)) * (2.0 / 4.0);
  EXPECT_LT(RelativeDistance(Hessian(), expected), 1e-6);
  EXPECT_EQ(InputHessian(4).Matrix(0).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SparseGptTest, UnstructuredAgreesWithTheReference) {
  for (const double sparsity : {0.3, 0.5, 0.7}) {
    const at::Tensor expected = Reference(Hessian(), weights_, sparsity, 0, 0);
    const at::Tensor found = Pruned({.sparsity = sparsity});
    EXPECT_TRUE(at::equal(found == 0, expected == 0)) << sparsity;
    EXPECT_LT(RelativeDistance(found, expected), 1e-4) << sparsity;
  }
}

TEST_F(SparseGptTest, GroupsAgreeWithTheReference) {
  for (const auto& [group, removed] : {std::pair<int64_t, int64_t>{4, 2}, {8, 3}, {8, 7}, {4, 0}}) {
    const SparsityPattern pattern{static_cast<double>(removed) / static_cast<double>(group), group,
                                  removed};
    const at::Tensor expected = Reference(Hessian(), weights_, 0, group, removed);
    const at::Tensor found = Pruned(pattern);
    EXPECT_TRUE(at::equal(found == 0, expected == 0)) << removed << ":" << group;
    EXPECT_LT(RelativeDistance(found, expected), 1e-4) << removed << ":" << group;
    const at::Tensor zeros = (found == 0).view({kRows, kColumns / group, group}).sum(2);
    EXPECT_TRUE((zeros == removed).all().item<bool>()) << removed << ":" << group;
  }
}

TEST_F(SparseGptTest, CorrectionLeavesLessErrorThanZeroingTheSameWeights) {
  const at::Tensor pruned = Pruned({.sparsity = 0.5});
  const at::Tensor zeroed = weights_ * (pruned != 0);
  EXPECT_LT(OutputError(pruned), 0.9 * OutputError(zeroed));
}

TEST_F(SparseGptTest, SparsityZeroChangesNothing) {
  EXPECT_TRUE(at::equal(Pruned({.sparsity = 0.0}), weights_));
}

TEST_F(SparseGptTest, DeadInputsLoseTheirWeights) {
  activations_.select(1, 3).zero_();
  activations_.select(1, 200).zero_();
  const HessianFactor factor = FactorHessian(Hessian()).value();
  EXPECT_THAT(factor.dead, ElementsAre(3, 200));
  const at::Tensor pruned = Pruned({.sparsity = 0.5});
  EXPECT_EQ(pruned.select(1, 3).abs().sum().item<float>(), 0.0f);
  EXPECT_EQ(pruned.select(1, 200).abs().sum().item<float>(), 0.0f);
  EXPECT_TRUE(at::isfinite(pruned).all().item<bool>());
}

TEST_F(SparseGptTest, IllConditionedHessiansAreDampedAndFinite) {
  const at::Tensor token = activations_.slice(0, 0, 1);
  const at::Tensor twins =
      at::cat({activations_.slice(1, 0, kColumns / 2), activations_.slice(1, 0, kColumns / 2)}, 1);
  for (const at::Tensor& inputs :
       {token, twins, token * 1e-12, token * 1e12, at::zeros({1, kColumns})}) {
    InputHessian hessian(kColumns);
    hessian.Add(inputs);
    const auto factor = FactorHessian(std::move(hessian).Matrix(1).value());
    ASSERT_TRUE(factor.ok()) << factor.status();
    at::Tensor weights = weights_.clone();
    ASSERT_TRUE(SparseGptPrune(*factor, {.sparsity = 0.5}, weights).ok());
    EXPECT_TRUE(at::isfinite(weights).all().item<bool>());
    EXPECT_GE((weights == 0).sum().item<int64_t>(), kRows * kColumns / 2);
  }
}

TEST_F(SparseGptTest, IndefiniteHessianIsRefused) {
  const at::Tensor indefinite = -at::eye(8) + at::ones({8, 8});
  EXPECT_EQ(FactorHessian(indefinite * -5.0).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(SparseGptTest, BadInputIsNamed) {
  InputHessian hessian(4);
  hessian.Add(at::full({2, 4}, std::numeric_limits<float>::infinity()));
  EXPECT_THAT(std::string(std::move(hessian).Matrix(1).status().message()),
              HasSubstr("not finite"));
  const HessianFactor factor = FactorHessian(Hessian()).value();
  at::Tensor narrow = at::randn({4, 64});
  EXPECT_THAT(std::string(SparseGptPrune(factor, {.sparsity = 0.5}, narrow).status().message()),
              HasSubstr("320 inputs, as the Hessian has, found 64"));
  at::Tensor weights = weights_.clone();
  EXPECT_THAT(std::string(SparseGptPrune(factor, {0.5, 6, 3}, weights).status().message()),
              HasSubstr("found groups of 6"));
  weights[2][5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(SparseGptPrune(factor, {.sparsity = 0.5}, weights).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace strata::pruning
