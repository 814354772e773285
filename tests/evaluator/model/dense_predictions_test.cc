#include "evaluator/model/dense_predictions.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "evaluator/model/libtorch_errors.h"

namespace strata::evaluator {
namespace {

// A kept log probability is rounded to a step below 0.001; the divergence moves by less.
constexpr double kRounding = 1e-3;

struct Model {
  at::Tensor rows, head;

  at::Tensor LogProbabilities() const {
    return rows.to(at::kDouble).mm(head.to(at::kDouble).t()).log_softmax(1);
  }
};

Model RandomModel(int64_t tokens, int64_t vocabulary, uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return {at::randn({tokens, 12}, generator), at::randn({vocabulary, 12}, generator)};
}

std::vector<double> ValuesOf(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

// Returns the KL divergence, in double precision, after all tokens but the `kept` most probable
// ones of the dense model are merged into one.
std::vector<double> MergedDivergences(const Model& dense, const Model& other, int64_t kept) {
  const at::Tensor p = dense.LogProbabilities().exp(), q = other.LogProbabilities().exp();
  const at::Tensor ids = std::get<1>(p.topk(kept, 1));
  const at::Tensor p_kept = p.gather(1, ids), q_kept = q.gather(1, ids);
  at::Tensor divergence = (p_kept * (p_kept / q_kept).log()).sum(1);
  if (kept < p.size(1)) {
    const at::Tensor p_rest = p.scatter(1, ids, 0).sum(1), q_rest = q.scatter(1, ids, 0).sum(1);
    divergence = divergence + p_rest * (p_rest / q_rest).log();
  }
  return ValuesOf(divergence);
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(DensePredictionsTest, TheDenseModelDoesNotDivergeFromItself) {
  const Model model = RandomModel(50, 2500, 1);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor rows = model.rows.to(type), head = model.head.to(type);
    for (const int64_t kept : {int64_t{1}, int64_t{512}, int64_t{2500}, int64_t{9999}}) {
      for (const double divergence : DensePredictions(rows, head, kept).Divergences(rows, head)) {
        ASSERT_GE(divergence, 0);
        ASSERT_LT(divergence, 1e-6) << kept;
      }
    }
  }
}

// The vocabulary has more than one tile; with all of it kept, whole tiles are.
TEST(DensePredictionsTest, WithTheWholeVocabularyItIsTheFullDivergence) {
  const Model dense = RandomModel(40, 2500, 2), other = RandomModel(40, 2500, 3);
  const at::Tensor log_p = dense.LogProbabilities();
  const std::vector<double> full =
      ValuesOf((log_p.exp() * (log_p - other.LogProbabilities())).sum(1));
  const DensePredictions predictions(dense.rows, dense.head, 2500);
  const std::vector<double> measured = predictions.Divergences(other.rows, other.head);
  ASSERT_EQ(measured.size(), full.size());
  for (size_t i = 0; i < full.size(); ++i) {
    EXPECT_GT(full[i], 0.1);
    EXPECT_NEAR(measured[i], full[i], kRounding * (1 + full[i])) << "token " << i;
  }
}

TEST(DensePredictionsTest, TheRestCountsAsOneToken) {
  const Model dense = RandomModel(40, 2500, 2), other = RandomModel(40, 2500, 3);
  for (const int64_t kept : {int64_t{1}, int64_t{7}, int64_t{512}, int64_t{2499}}) {
    const auto expected = MergedDivergences(dense, other, kept);
    const auto measured =
        DensePredictions(dense.rows, dense.head, kept).Divergences(other.rows, other.head);
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(measured[i], expected[i], kRounding * (1 + expected[i])) << kept << " kept";
    }
  }
}

TEST(DensePredictionsTest, ABoundFromBelowThatRisesWithWhatIsKept) {
  const Model dense = RandomModel(40, 2500, 4), other = RandomModel(40, 2500, 5);
  const auto full = MergedDivergences(dense, other, 2500);
  std::vector<double> before(full.size());
  for (const int64_t kept : {1, 4, 16, 64, 256, 1024, 2500}) {
    const auto measured =
        DensePredictions(dense.rows, dense.head, kept).Divergences(other.rows, other.head);
    for (size_t i = 0; i < full.size(); ++i) {
      const double slack = kRounding * (1 + full[i]);
      EXPECT_GE(measured[i], before[i] - slack) << kept << " kept, token " << i;
      EXPECT_LE(measured[i], full[i] + slack) << kept << " kept, token " << i;
    }
    EXPECT_GT(Mean(measured), Mean(before));
    before = measured;
  }
}

// Ids above 65,535 need more than 16 bits, and more rows than one tile has need a second one.
TEST(DensePredictionsTest, IdsOfLargeVocabulariesAreKeptWhole) {
  const Model dense = RandomModel(6, 70'000, 6), other = RandomModel(6, 70'000, 7);
  const auto expected = MergedDivergences(dense, other, 64);
  const auto measured =
      DensePredictions(dense.rows, dense.head, 64).Divergences(other.rows, other.head);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(measured[i], expected[i], kRounding * (1 + expected[i]));
  }
  const Model many = RandomModel(2100, 40, 8), changed = RandomModel(2100, 40, 9);
  const auto all = MergedDivergences(many, changed, 5);
  const auto found =
      DensePredictions(many.rows, many.head, 5).Divergences(changed.rows, changed.head);
  for (size_t i = 0; i < all.size(); ++i) {
    ASSERT_NEAR(found[i], all[i], kRounding * (1 + all[i])) << "token " << i;
  }
}

TEST(DensePredictionsTest, WhatIsNotFiniteIsNeitherKeptNorHidden) {
  const Model model = RandomModel(3, 50, 10);
  const DensePredictions predictions(model.rows, model.head, 8);
  at::Tensor broken = model.rows.clone();
  broken.select(0, 1).fill_(std::nan(""));
  const auto divergences = predictions.Divergences(broken, model.head);
  EXPECT_LT(divergences[0], 1e-6);
  EXPECT_TRUE(std::isnan(divergences[1]));
  const absl::Status status = CatchLibTorchErrors("measuring", [&] {
    DensePredictions(broken, model.head, 8);
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

}  // namespace
}  // namespace strata::evaluator
