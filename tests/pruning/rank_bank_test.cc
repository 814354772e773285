#include "pruning/rank_bank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

namespace strata::pruning {
namespace {

constexpr int64_t kRows = 37;
constexpr int64_t kColumns = 301;

// Weights from few levels, so that scores tie often, with zeros and negative zeros among them.
struct Linear {
  std::vector<float> weights;
  std::vector<float> scaler_row;
  WeightView view() const { return {weights.data(), kRows, kColumns}; }
};

Linear MakeLinear() {
  std::mt19937 random(7);
  Linear linear;
  for (int64_t i = 0; i < kRows * kColumns; ++i) {
    linear.weights.push_back((static_cast<float>(random() % 9) - 4.0f) * 0.25f);
    if (i % 50 == 0) linear.weights.back() = -0.0f;
  }
  for (int64_t i = 0; i < kColumns; ++i) {
    linear.scaler_row.push_back(static_cast<float>(random() % 4));
  }
  return linear;
}

// Wanda as its authors write it: a stable sort of each row's scores, the first k removed.
std::vector<float> PruneBySorting(const Linear& linear, int64_t removed) {
  std::vector<float> result = linear.weights;
  for (int64_t row = 0; row < kRows; ++row) {
    std::vector<float> scores(kColumns);
    for (int64_t i = 0; i < kColumns; ++i) {
      scores[i] = std::fabs(linear.weights[row * kColumns + i]) * std::sqrt(linear.scaler_row[i]);
    }
    std::vector<int64_t> order(kColumns);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return scores[a] < scores[b]; });
    for (int64_t i = 0; i < removed; ++i) result[row * kColumns + order[i]] = 0.0f;
  }
  return result;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(RankBankTest, RemovedPerRowTruncatesAsPythonDoes) {
  EXPECT_EQ(RemovedPerRow(576, 0.5), 288);
  EXPECT_EQ(RemovedPerRow(576, 0.7), 403);
  EXPECT_EQ(RemovedPerRow(10, 0.3), 3);
  EXPECT_EQ(RemovedPerRow(100, 0.29), 28);  // 100 * 0.29 is 28.999999999999996
  EXPECT_EQ(RemovedPerRow(576, 0.0), 0);
}

TEST(RankBankTest, PrunesWhatAStableSortPrunes) {
  const Linear linear = MakeLinear();
  RowRanks ranks;
  ASSERT_TRUE(ranks.Build(linear.view(), linear.scaler_row).ok());
  for (const int64_t removed : {int64_t{0}, int64_t{1}, int64_t{150}, kColumns - 1}) {
    const std::vector<float> expected = PruneBySorting(linear, removed);
    std::vector<float> output(expected.size(), 9.0f);
    const int64_t zeros = ranks.Prune(linear.view(), removed, output.data());
    EXPECT_TRUE(SameBits(output, expected)) << removed;
    EXPECT_EQ(zeros, std::count(expected.begin(), expected.end(), 0.0f)) << removed;
    EXPECT_EQ(CountZeros(output), zeros) << removed;

    std::vector<float> once(expected.size(), 9.0f);
    ASSERT_TRUE(PruneOnce(linear.view(), linear.scaler_row, removed, once.data()).ok());
    EXPECT_TRUE(SameBits(once, expected)) << removed;
  }
}

TEST(RankBankTest, EveryRowHoldsEachRankOnce) {
  const Linear linear = MakeLinear();
  RowRanks ranks;
  ASSERT_TRUE(ranks.Build(linear.view(), linear.scaler_row).ok());
  for (int64_t row = 0; row < kRows; ++row) {
    std::vector<uint16_t> sorted(ranks.ranks().begin() + row * kColumns,
                                 ranks.ranks().begin() + (row + 1) * kColumns);
    std::sort(sorted.begin(), sorted.end());
    for (int64_t i = 0; i < kColumns; ++i) ASSERT_EQ(sorted[i], i) << "row " << row;
  }
}

TEST(RankBankTest, PruningLeavesTheDenseWeights) {
  const Linear linear = MakeLinear();
  const std::vector<float> before = linear.weights;
  RowRanks ranks;
  ASSERT_TRUE(ranks.Build(linear.view(), linear.scaler_row).ok());
  std::vector<float> output(before.size());
  ranks.Prune(linear.view(), 200, output.data());
  EXPECT_TRUE(SameBits(linear.weights, before));
  ranks.Prune(linear.view(), 0, output.data());
  EXPECT_TRUE(SameBits(output, before));
}

TEST(RankBankTest, BFloat16RoundsToNearestEven) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {1.0f,     1.00390625f, 1.01171875f, 1.005f, -1.005f,
                                     infinity, 3.4e38f,     0.0f,        -0.0f};
  const std::vector<uint16_t> expected = {0x3F80, 0x3F80, 0x3F82, 0x3F81, 0xBF81,
                                          0x7F80, 0x7F80, 0x0000, 0x8000};
  std::vector<uint16_t> rounded(values.size());
  ToBFloat16(values, rounded.data());
  EXPECT_EQ(rounded, expected);
  const std::vector<float> not_a_number = {std::bit_cast<float>(0x7FFFFFFFu)};
  ToBFloat16(not_a_number, rounded.data());
  EXPECT_EQ(rounded[0], 0x7FC0);
}

TEST(RankBankTest, PruneToBFloat16IsPruneThenRounding) {
  const Linear linear = MakeLinear();
  RowRanks ranks;
  ASSERT_TRUE(ranks.Build(linear.view(), linear.scaler_row).ok());
  std::vector<float> pruned(linear.weights.size());
  const int64_t zeros = ranks.Prune(linear.view(), 123, pruned.data());
  std::vector<uint16_t> expected(pruned.size());
  ToBFloat16(pruned, expected.data());
  std::vector<uint16_t> output(pruned.size());
  EXPECT_EQ(ranks.PruneToBFloat16(linear.view(), 123, output.data()), zeros);
  EXPECT_EQ(output, expected);
}

TEST(RankBankTest, BadInputIsRefused) {
  Linear linear = MakeLinear();
  RowRanks ranks;
  std::vector<float> short_scaler(kColumns - 1, 1.0f);
  EXPECT_EQ(ranks.Build(linear.view(), short_scaler).code(), absl::StatusCode::kInvalidArgument);
  linear.scaler_row[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(ranks.Build(linear.view(), linear.scaler_row).code(),
            absl::StatusCode::kInvalidArgument);
  linear.scaler_row[5] = 1.0f;
  linear.weights[77] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(ranks.Build(linear.view(), linear.scaler_row).code(),
            absl::StatusCode::kInvalidArgument);
  std::vector<float> output(linear.weights.size());
  EXPECT_EQ(PruneOnce(linear.view(), linear.scaler_row, 3, output.data()).code(),
            absl::StatusCode::kInvalidArgument);
  const std::vector<float> wide(65537, 1.0f);
  EXPECT_EQ(ranks.Build({wide.data(), 1, 65537}, wide).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace strata::pruning
