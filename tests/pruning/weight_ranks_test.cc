#include "pruning/weight_ranks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "pruning/bfloat16_bits.h"

namespace strata::pruning {
namespace {

using ::testing::HasSubstr;
using Scope = Competition::Scope;

constexpr int64_t kRows = 37;
constexpr int64_t kColumns = 304;

// Weights from few levels, so that scores tie often, with zeros and negative zeros among them.
struct Linear {
  Linear() {
    std::mt19937 random(7);
    for (int64_t i = 0; i < kRows * kColumns; ++i) {
      weights.push_back((static_cast<float>(random() % 9) - 4.0f) * 0.25f);
      if (i % 50 == 0) weights.back() = -0.0f;
    }
    for (int64_t i = 0; i < kColumns; ++i) {
      scaler_row.push_back(static_cast<float>(random() % 4));
    }
  }
  WeightView view() const { return {weights.data(), kRows, kColumns}; }
  WeightScores Scores(ScoreKind kind) const {
    return WeightScores::Create(kind, view(), scaler_row).value();
  }
  std::vector<float> weights;
  std::vector<float> scaler_row;
};

// As the authors write it: a stable sort of the scores that compete, the first ones removed.
std::vector<float> PruneBySorting(const Linear& linear, const WeightScores& weight_scores,
                                  int64_t length, int64_t removed) {
  std::vector<float> scores(linear.weights.size());
  EXPECT_TRUE(weight_scores.Rows(0, kRows, scores.data()));
  std::vector<float> result = linear.weights;
  for (int64_t first = 0; first < kRows * kColumns; first += length) {
    std::vector<int64_t> order(length);
    std::iota(order.begin(), order.end(), first);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return scores[a] < scores[b]; });
    for (int64_t i = 0; i < removed; ++i) result[order[i]] = 0.0f;
  }
  return result;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

struct Case {
  const char* name;
  ScoreKind kind;
  Competition competition;
  int64_t length;
};

const Case kCases[] = {
    {"wanda by row", ScoreKind::kWanda, {Scope::kRow, 0}, kColumns},
    {"magnitude by matrix", ScoreKind::kMagnitude, {Scope::kMatrix, 0}, kRows* kColumns},
    {"ria by matrix", ScoreKind::kRia, {Scope::kMatrix, 0}, kRows* kColumns},
    {"wanda 2:4", ScoreKind::kWanda, {Scope::kGroup, 4}, 4},
    {"ria n:8", ScoreKind::kRia, {Scope::kGroup, 8}, 8},
};

TEST(WeightRanksTest, PruneRemovesTheLowestScoresInStableOrder) {
  const Linear linear;
  for (const Case& test : kCases) {
    const WeightScores scores = linear.Scores(test.kind);
    const WeightRanks ranks = WeightRanks::Build(scores, test.competition).value();
    for (const int64_t removed :
         {int64_t{0}, int64_t{1}, test.length / 2, test.length - 1, test.length}) {
      const std::vector<float> expected = PruneBySorting(linear, scores, test.length, removed);
      std::vector<float> pruned(linear.weights.size());
      EXPECT_EQ(ranks.Prune(linear.view(), removed, pruned.data()), CountZeros(expected))
          << test.name;
      EXPECT_TRUE(SameBits(pruned, expected)) << test.name << ", " << removed << " removed";
      std::vector<float> once(linear.weights.size());
      ASSERT_TRUE(PruneOnce(scores, test.competition, removed, once.data()).ok());
      EXPECT_TRUE(SameBits(once, expected)) << test.name << ", " << removed << " removed once";
    }
  }
}

TEST(WeightRanksTest, RoundingComesAfterPruning) {
  const Linear linear;
  for (const Case& test : kCases) {
    const WeightRanks ranks =
        WeightRanks::Build(linear.Scores(test.kind), test.competition).value();
    const int64_t removed = test.length / 2;
    std::vector<float> pruned(linear.weights.size());
    std::vector<uint16_t> bits(linear.weights.size());
    const int64_t zeros = ranks.Prune(linear.view(), removed, pruned.data());
    EXPECT_EQ(ranks.PruneToBFloat16(linear.view(), removed, bits.data()), zeros);
    for (size_t i = 0; i < bits.size(); ++i) ASSERT_EQ(bits[i], BFloat16Bits(pruned[i])) << i;
  }
}

TEST(WeightRanksTest, BytesMakeTheSameRanks) {
  const Linear linear;
  for (const Case& test : kCases) {
    const WeightRanks ranks =
        WeightRanks::Build(linear.Scores(test.kind), test.competition).value();
    const std::vector<std::byte> copy(ranks.bytes().begin(), ranks.bytes().end());
    const WeightRanks again = WeightRanks::FromBytes(linear.view(), test.competition, copy).value();
    std::vector<float> first(linear.weights.size()), second(linear.weights.size());
    ranks.Prune(linear.view(), test.length / 3, first.data());
    again.Prune(linear.view(), test.length / 3, second.data());
    EXPECT_TRUE(SameBits(first, second)) << test.name;
    EXPECT_FALSE(
        WeightRanks::FromBytes(linear.view(), test.competition, std::span(copy).subspan(1)).ok());
  }
}

TEST(WeightRanksTest, CompetitionsAreTheAuthors) {
  EXPECT_EQ(Competition::For(ScoreKind::kWanda, {.sparsity = 0.5}).scope, Scope::kRow);
  EXPECT_EQ(Competition::For(ScoreKind::kMagnitude, {.sparsity = 0.5}).scope, Scope::kMatrix);
  EXPECT_EQ(Competition::For(ScoreKind::kRia, {.sparsity = 0.5}).scope, Scope::kMatrix);
  const Competition groups = Competition::For(ScoreKind::kMagnitude, {0.5, 4, 2});
  EXPECT_EQ(groups.scope, Scope::kGroup);
  EXPECT_EQ(groups.group, 4);
  const WeightView view{nullptr, 3, 10};
  EXPECT_EQ(RemovedPerCompetition({Scope::kRow, 0}, {.sparsity = 0.55}, view), 5);
  EXPECT_EQ(RemovedPerCompetition({Scope::kMatrix, 0}, {.sparsity = 0.55}, view), 16);
  EXPECT_EQ(RemovedPerCompetition({Scope::kGroup, 4}, {0.5, 4, 2}, view), 2);
}

TEST(WeightRanksTest, BadInputIsNamed) {
  Linear linear;
  EXPECT_THAT(std::string(WeightRanks::Build(linear.Scores(ScoreKind::kWanda), {Scope::kGroup, 5})
                              .status()
                              .message()),
              HasSubstr("divide the 304 inputs of a row, found 5"));
  linear.weights[500] = std::nanf("");
  for (const Case& test : kCases) {
    if (test.kind == ScoreKind::kRia) continue;
    const WeightScores scores = linear.Scores(test.kind);
    EXPECT_THAT(std::string(WeightRanks::Build(scores, test.competition).status().message()),
                HasSubstr("not a number"));
    std::vector<float> pruned(linear.weights.size());
    EXPECT_FALSE(PruneOnce(scores, test.competition, 1, pruned.data()).ok());
  }
  const std::vector<float> wide(65537);
  const WeightScores scores =
      WeightScores::Create(ScoreKind::kMagnitude, {wide.data(), 1, 65537}, {}).value();
  EXPECT_THAT(std::string(WeightRanks::Build(scores, {Scope::kRow, 0}).status().message()),
              HasSubstr("1 to 65536 inputs, found 65537"));
}

}  // namespace
}  // namespace strata::pruning
