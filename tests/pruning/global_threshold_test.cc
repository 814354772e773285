#include "pruning/global_threshold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace strata::pruning {
namespace {

using Units = std::vector<std::vector<float>>;

GlobalThreshold Select(const std::vector<double>& probabilities, const Units& units) {
  GlobalThreshold threshold(probabilities, static_cast<int>(units.size()));
  for (int pass = 0; pass < GlobalThreshold::kPasses; ++pass) {
    // In another order in every pass.
    for (size_t i = 0; i < units.size(); ++i) {
      const size_t unit = (i + static_cast<size_t>(pass)) % units.size();
      threshold.Add(pass, static_cast<int>(unit), units[unit]);
    }
    threshold.EndPass(pass);
  }
  return threshold;
}

std::vector<float> All(const Units& units) {
  std::vector<float> all;
  for (const std::vector<float>& unit : units) all.insert(all.end(), unit.begin(), unit.end());
  std::sort(all.begin(), all.end());
  return all;
}

TEST(GlobalThresholdTest, SharesAreThoseOfSortingAllElements) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  Units units = {std::vector<float>(3000), std::vector<float>(500), std::vector<float>(1234)};
  for (size_t i = 0; i < units.size(); ++i) {
    for (float& x : units[i]) x = normal(random) * static_cast<float>(i + 1) - 0.5f;
  }
  const std::vector<double> probabilities = {0.01, 0.3, 0.5, 0.7, 0.99};
  const GlobalThreshold threshold = Select(probabilities, units);
  const std::vector<float> all = All(units);
  for (size_t k = 0; k < probabilities.size(); ++k) {
    const auto rank = std::llround(probabilities[k] * static_cast<double>(all.size()));
    const float largest = all[rank - 1];
    double total = 0;
    for (size_t unit = 0; unit < units.size(); ++unit) {
      const auto below = std::count_if(units[unit].begin(), units[unit].end(),
                                       [&](float x) { return x <= largest; });
      const auto size = static_cast<double>(units[unit].size());
      EXPECT_DOUBLE_EQ(threshold.Share(k, static_cast<int>(unit)),
                       static_cast<double>(below) / size);
      total += threshold.Share(k, static_cast<int>(unit)) * size;
    }
    EXPECT_NEAR(total, static_cast<double>(rank), 1e-9);
  }
}

TEST(GlobalThresholdTest, TiesAtTheThresholdAreSharedInProportion) {
  // Of 10 elements the 7 smallest: 1, and 6 of the 8 twos.
  const Units units = {{1, 2, 2, 2, 2}, {2, 2, 2, 2, 9}};
  const GlobalThreshold threshold = Select({0.7}, units);
  EXPECT_DOUBLE_EQ(threshold.Share(0, 0), (1 + 4 * 0.75) / 5);
  EXPECT_DOUBLE_EQ(threshold.Share(0, 1), 4 * 0.75 / 5);
}

TEST(GlobalThresholdTest, ZerosAreEqualAndNotANumberComesLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Units units = {{-0.0f, nan, -nan, infinity}, {0.0f, -1, -infinity, 3}};
  const GlobalThreshold threshold = Select({0.375, 0.75, 0.875}, units);
  EXPECT_DOUBLE_EQ(threshold.Share(0, 0), 0.5 / 4);  // -inf, -1, and one of two zeros
  EXPECT_DOUBLE_EQ(threshold.Share(0, 1), 2.5 / 4);
  EXPECT_DOUBLE_EQ(threshold.Share(1, 0), 2.0 / 4);  // all but the two NaN
  EXPECT_DOUBLE_EQ(threshold.Share(1, 1), 1.0);
  EXPECT_DOUBLE_EQ(threshold.Share(2, 0), 3.0 / 4);
}

TEST(GlobalThresholdTest, NoPlaceAtAllGivesNoShare) {
  const GlobalThreshold threshold = Select({0.01}, {{1, 2, 3}, {1}});
  EXPECT_EQ(threshold.Share(0, 0), 0.0);
  EXPECT_EQ(threshold.Share(0, 1), 0.0);
}

}  // namespace
}  // namespace strata::pruning
