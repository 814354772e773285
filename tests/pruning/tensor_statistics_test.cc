#include "pruning/tensor_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace strata::pruning {
namespace {

// Values with a mean far above their spread, where a one-pass formula of squares would lose the
// variance.
std::vector<float> Shifted(int64_t count) {
  std::mt19937 random(3);
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(1000.0f + static_cast<float>(random() % 1000) * 1e-3f);
  }
  return values;
}

TEST(TensorStatisticsTest, ChunksMergeToTheWhole) {
  const std::vector<float> values = Shifted(10007);
  long double sum = 0;
  for (const float x : values) sum += x;
  const long double mean = sum / values.size();
  long double deviations = 0;
  for (const float x : values) deviations += (x - mean) * (x - mean);

  TensorStatistics total;
  const unsigned groups = kMoments | kNorms | kExtremes | kLogarithms | kProbabilityMass;
  for (size_t first = 0; first < values.size(); first += 1111) {
    const size_t size = std::min<size_t>(1111, values.size() - first);
    Merge(StatisticsOf({values.data() + first, size}, groups, 0), &total);
  }
  EXPECT_EQ(total.count, 10007);
  EXPECT_NEAR(total.mean(), static_cast<double>(mean), 1e-9);
  EXPECT_NEAR(total.variance() / static_cast<double>(deviations / 10006), 1.0, 1e-10);
  EXPECT_NEAR(total.mass, static_cast<double>(sum), 1e-6);
  EXPECT_EQ(total.mass_count, 10007);
  EXPECT_EQ(total.minimum, *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(total.maximum, *std::max_element(values.begin(), values.end()));
}

// Chunks whose means and sizes differ, so that every term of the merge counts.
TEST(TensorStatisticsTest, HighMomentsOfChunksMergeToThoseOfTheWhole) {
  std::mt19937 random(8);
  std::vector<float> values;
  for (int i = 0; i < 3000; ++i) {
    const auto x = static_cast<float>(random() % 1000) * 1e-3f;
    values.push_back(50.0f + x * x * x + (i < 700 ? 2.0f : 0.0f));
  }
  long double sum = 0;
  for (const float x : values) sum += x;
  const long double mean = sum / values.size();
  long double cubes = 0;
  long double fourths = 0;
  for (const float x : values) {
    const long double deviation = x - mean;
    cubes += deviation * deviation * deviation;
    fourths += deviation * deviation * deviation * deviation;
  }
  TensorStatistics total;
  for (size_t first = 0, size = 100; first < values.size(); first += size, size *= 2) {
    size = std::min(size, values.size() - first);
    Merge(StatisticsOf({values.data() + first, size}, kMoments | kHighMoments, 0), &total);
  }
  EXPECT_EQ(total.count, 3000);
  EXPECT_NEAR(total.cubed_deviations / static_cast<double>(cubes), 1.0, 1e-10);
  EXPECT_NEAR(total.fourth_deviations / static_cast<double>(fourths), 1.0, 1e-10);
}

TEST(TensorStatisticsTest, NotANumberReachesTheExtremes) {
  std::vector<float> values = Shifted(100);
  values[50] = std::nanf("");
  TensorStatistics total = StatisticsOf(values, kExtremes, 0);
  Merge(StatisticsOf(Shifted(5), kExtremes, 0), &total);
  EXPECT_TRUE(std::isnan(total.minimum));
  EXPECT_TRUE(std::isnan(total.maximum));
}

TEST(TensorStatisticsTest, CountAboveIsStrict) {
  EXPECT_EQ(CountAbove(std::vector<float>{1, 2, 3, 3.5f, std::nanf("")}, 3.0f), 1);
}

}  // namespace
}  // namespace strata::pruning
