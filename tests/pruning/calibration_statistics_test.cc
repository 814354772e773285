#include "pruning/calibration_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace strata::pruning {
namespace {

TEST(CalibrationStatisticsTest, ScalerRowIsTheRunningMeanOverSequences) {
  // Two sequences of two tokens, three inputs, added in uneven pieces.
  const std::vector<float> rows = {1, 2, 0, 3, -4, 0, 5, 6, 0, 7, 8, 1};
  InputNorms norms(3);
  norms.Add(rows.data(), 3);
  norms.Add(rows.data() + 9, 1);
  // As WrappedGPT: after sequence n, scaler = scaler * (n - 1) / n + sum of squares / n.
  EXPECT_EQ(norms.ScalerRow(2), (std::vector<float>{(10 + 74) / 2.0f, (20 + 100) / 2.0f, 0.5f}));
}

TEST(CalibrationStatisticsTest, BlockInfluenceIsOneMinusTheMeanCosine) {
  const std::vector<float> input = {1, 0, 0, 2};
  const std::vector<float> output = {3, 0, 2, 0};  // cosines 1 and 0
  BlockInfluence influence;
  influence.Add(input.data(), output.data(), 2, 2);
  EXPECT_DOUBLE_EQ(influence.value(), 0.5);
}

TEST(CalibrationStatisticsTest, SimilarityIsThatOfItsDefinition) {
  // 600 tokens make a whole and a partial tile.
  constexpr int64_t kTokens = 600;
  constexpr int64_t kColumns = 7;
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> inputs(3, std::vector<float>(kTokens * kColumns));
  for (auto& input : inputs) {
    for (float& x : input) x = normal(random) + 0.3f;
  }
  for (size_t i = 0; i < inputs[2].size(); ++i) inputs[2][i] = -50 * inputs[0][i];

  const auto cross = [&](size_t a, size_t b) {  // |X_a^T X_b|_F^2
    double total = 0;
    for (int64_t i = 0; i < kColumns; ++i) {
      for (int64_t j = 0; j < kColumns; ++j) {
        double sum = 0;
        for (int64_t t = 0; t < kTokens; ++t) {
          sum += static_cast<double>(inputs[a][t * kColumns + i]) * inputs[b][t * kColumns + j];
        }
        total += sum * sum;
      }
    }
    return total;
  };
  const auto similarity = InputSimilarity({inputs[0], inputs[1], inputs[2]}, kTokens);
  for (size_t a = 0; a < 3; ++a) {
    for (size_t b = 0; b < 3; ++b) {
      EXPECT_NEAR(similarity[a][b], cross(a, b) / std::sqrt(cross(a, a) * cross(b, b)), 1e-5);
    }
  }
  EXPECT_NEAR(similarity[0][2], 1.0, 1e-5);
  const std::vector<double> redundancy = Redundancy(similarity);
  const double sum = similarity[1][0] + similarity[1][1] + similarity[1][2];
  EXPECT_DOUBLE_EQ(redundancy[1], 3 * (1 - 1 / sum));
}

TEST(CalibrationStatisticsTest, InputsOfDifferentWidthsAreCompared) {
  const std::vector<float> narrow = {1, 0, 2};         // 3 tokens, 1 column
  const std::vector<float> wide = {1, 0, 0, 3, 2, 0};  // 3 tokens, 2 columns
  // X^T Y = (5, 0), |X^T X|_F = 5, Y^T Y = diag(5, 9).
  const auto similarity = InputSimilarity({narrow, wide}, 3);
  EXPECT_NEAR(similarity[0][1], 25 / (5 * std::sqrt(25.0 + 81)), 1e-6);
  EXPECT_NEAR(similarity[1][0], similarity[0][1], 1e-7);
  EXPECT_NEAR(similarity[1][1], 1.0, 1e-6);
}

}  // namespace
}  // namespace strata::pruning
