#include "pruning/score_cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace strata::pruning {
namespace {

// The positions that a stable sort puts first are cut off, and no others.
void ExpectLowestCut(const std::vector<float>& scores, int64_t removed) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  std::vector<float> weights(scores.size());
  std::iota(weights.begin(), weights.end(), 1.0f);
  std::vector<float> expected = weights;
  for (int64_t i = 0; i < removed; ++i) expected[order[static_cast<size_t>(i)]] = 0;
  std::vector<float> kept(scores.size(), -1);
  KeepAbove(scores, CutBelow(scores, removed), weights.data(), kept.data());
  EXPECT_EQ(kept, expected) << removed << " of " << scores.size();
}

TEST(ScoreCutTest, CutsOffWhatAStableSortPutsFirst) {
  std::mt19937 random(3);
  for (const size_t size : {1, 2, 7, 64, 1000}) {
    std::vector<float> distinct, tied;
    for (size_t i = 0; i < size; ++i) {
      distinct.push_back(static_cast<float>(random()) * 1e-6f);
      tied.push_back(static_cast<float>(random() % 5));
    }
    for (size_t removed = 0; removed <= size; removed += 1 + size / 9) {
      ExpectLowestCut(distinct, static_cast<int64_t>(removed));
      ExpectLowestCut(tied, static_cast<int64_t>(removed));
    }
    ExpectLowestCut(distinct, static_cast<int64_t>(size));
    ExpectLowestCut(tied, static_cast<int64_t>(size));
  }
}

TEST(ScoreCutTest, OrdersTheEndsOfTheRange) {
  const float smallest = std::numeric_limits<float>::denorm_min();
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> scores = {infinity, 0, smallest, infinity, 0, 1};
  for (int64_t removed = 0; removed <= 6; ++removed) ExpectLowestCut(scores, removed);
}

TEST(ScoreCutTest, ASpanLongerThanOneCountIsCountedWhole) {
  std::vector<float> scores(200'000, 1.0f);
  for (size_t i = 0; i < scores.size(); i += 2) scores[i] = 2.0f;
  const ScoreCut cut = CutBelow(scores, 150'000);
  EXPECT_EQ(cut.bits, 0x40000000u);  // of 2.0f
  EXPECT_EQ(cut.ties, 50'000);
}

}  // namespace
}  // namespace strata::pruning
