#include "pruning/spectrum.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace strata::pruning {
namespace {

std::vector<float> Normals(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& x : values) x = normal(random);
  return values;
}

Spectrum Of(std::vector<double> eigenvalues) {
  const auto size = static_cast<int64_t>(eigenvalues.size());
  return {size, size, std::move(eigenvalues)};
}

TEST(SpectrumTest, EigenvaluesAreSquaredSingularValues) {
  // Both sides longer than a tile, and both orientations.
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{40, 700}, {700, 40}, {30, 30}}) {
    const std::vector<float> values = Normals(rows * columns, 3);
    const Spectrum spectrum = SpectrumOf({values, rows, columns});
    const at::Tensor matrix =
        at::from_blob(const_cast<float*>(values.data()), {rows, columns}).to(at::kDouble);
    const at::Tensor expected =
        std::get<1>(at::linalg_svd(matrix, /*full_matrices=*/false)).square().flip(0);
    ASSERT_EQ(static_cast<int64_t>(spectrum.eigenvalues.size()), expected.size(0));
    for (int64_t i = 0; i < expected.size(0); ++i) {
      EXPECT_NEAR(spectrum.eigenvalues[i], expected[i].item<double>(), 1e-9) << rows << " " << i;
    }
  }
}

TEST(SpectrumTest, RankCountsWhatExceedsTheTolerance) {
  // Three columns, the last the sum of the others.
  const std::vector<float> values = {1, 0, 1, 0, 1, 1, 1, 2, 3, 5, 1, 6};
  EXPECT_DOUBLE_EQ(RankShare(SpectrumOf({values, 4, 3})), 2.0 / 3);
  EXPECT_DOUBLE_EQ(RankShare(SpectrumOf({std::vector<float>(6), 2, 3})), 0.0);
  // Two singular values; the smaller just below and just above 2 * 2^-23 of the larger.
  for (const double ratio : {0.99, 1.01}) {
    const auto small = static_cast<float>(ratio * 0x1p-22);
    const std::vector<float> diagonal = {1, 0, 0, small};
    EXPECT_DOUBLE_EQ(RankShare(SpectrumOf({diagonal, 2, 2})), ratio < 1 ? 0.5 : 1.0);
  }
}

TEST(SpectrumTest, LogDeterminantAndStableRank) {
  const std::vector<float> diagonal = {2, 0, 0, 0, 1, 0};  // 2 x 3, eigenvalues 4 and 1
  const Spectrum spectrum = SpectrumOf({diagonal, 2, 3});
  EXPECT_NEAR(LogDeterminant(spectrum), 0.5 * (std::log(4 + 2.5e-6) + std::log(1 + 2.5e-6)), 1e-13);
  EXPECT_NEAR(StableRank(spectrum), 1.25, 1e-13);
  const Spectrum zero = SpectrumOf({std::vector<float>(6), 2, 3});
  EXPECT_EQ(LogDeterminant(zero), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(StableRank(zero)));
}

TEST(SpectrumTest, NotFiniteElementsGiveNoNumbers) {
  std::vector<float> values = Normals(12, 1);
  values[5] = std::numeric_limits<float>::infinity();
  const Spectrum spectrum = SpectrumOf({values, 3, 4});
  for (const auto reduction : {RankShare, LogDeterminant, StableRank, SpectralTail}) {
    EXPECT_TRUE(std::isnan(reduction(spectrum)));
  }
  EXPECT_TRUE(std::isnan(MeanCorrelation({values, 3, 4})));
}

// A power law whose quantiles are the eigenvalues has the exponent that the fit finds.
TEST(SpectrumTest, SpectralTailFindsThePowerOfAPowerLaw) {
  for (const double alpha : {1.8, 3.0}) {
    std::vector<double> eigenvalues;
    for (int i = 0; i < 4000; ++i) {
      eigenvalues.push_back(std::pow(1 - (i + 0.5) / 4000, -1 / (alpha - 1)));
    }
    EXPECT_NEAR(SpectralTail(Of(eigenvalues)), alpha, 0.01);
  }
}

// Five eigenvalues, worked by hand. The histogram of log10 (0, 0.02, 0.9, 1.5, 2; bins of 0.02) has
// at most one eigenvalue in a bin, so the peak is the first: c = 1. Candidates are from log10 0.95
// to 1.5: the first two.
TEST(SpectrumTest, SpectralTailByHand) {
  const std::vector<double> logarithms = {0, 0.021, 0.9, 1.5, 2};
  std::vector<double> eigenvalues;
  for (const double x : logarithms) eigenvalues.push_back(std::pow(10.0, x));
  const double ln10 = std::log(10.0);
  const double first = 1 + 5 / (4.421 * ln10);
  const double second = 1 + 4 / ((4.421 - 5 * 0.021 + 0.021) * ln10);
  const auto distance = [&](size_t start, double alpha) {
    double worst = 0;
    for (size_t k = 0; start + k < 5; ++k) {
      const double model = 1 - std::pow(eigenvalues[start + k] / eigenvalues[start], 1 - alpha);
      const double observed = static_cast<double>(k) / static_cast<double>(5 - start);
      worst = std::max(worst, std::abs(model - observed));
    }
    return worst;
  };
  EXPECT_NE(distance(0, first), distance(1, second));
  EXPECT_NEAR(SpectralTail(Of(eigenvalues)),
              distance(0, first) < distance(1, second) ? first : second, 1e-12);
}

TEST(SpectrumTest, SpectralTailOfFewOrEqualEigenvalues) {
  EXPECT_TRUE(std::isnan(SpectralTail(Of({5}))));
  EXPECT_TRUE(std::isnan(SpectralTail(Of({0, 0, 5}))));  // zeros are left out
  EXPECT_EQ(SpectralTail(Of({2, 2, 2})), std::numeric_limits<double>::infinity());
}

TEST(SpectrumTest, MeanCorrelationIsThatOfTheMatrixOfCoefficients) {
  std::vector<float> values = Normals(5 * 40, 9);
  std::fill(values.begin() + 80, values.begin() + 120, 0.1f);  // row 2 is constant
  const at::Tensor rows = at::from_blob(values.data(), {5, 40}).to(at::kDouble);
  const at::Tensor centred = rows - rows.mean(1, /*keepdim=*/true);
  double sum = 0;
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) {
      if (i == 2 || j == 2) continue;
      sum += (centred[i].dot(centred[j]) / (centred[i].norm() * centred[j].norm())).item<double>();
    }
  }
  EXPECT_NEAR(MeanCorrelation({values, 5, 40}), sum / 25, 1e-12);
  EXPECT_DOUBLE_EQ(MeanCorrelation({std::vector<float>{1, 2, 3, 2, 4, 6}, 2, 3}), 1.0);
  EXPECT_NEAR(MeanCorrelation({std::vector<float>{1, 2, 3, -1, -2, -3}, 2, 3}), 0.0, 1e-15);
  EXPECT_EQ(MeanCorrelation({std::vector<float>{1, 2}, 2, 1}), 0.0);
}

}  // namespace
}  // namespace strata::pruning
