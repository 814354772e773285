#include "pruning/weight_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace strata::pruning {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

const std::vector<float> kWeights = {1, -2, 0, 3, 0, -1};
const WeightView kView{kWeights.data(), 2, 3};
const std::vector<float> kScalers = {16, 1, 81};

std::vector<float> Scores(ScoreKind kind, const std::vector<float>& scalers) {
  const WeightScores scores = WeightScores::Create(kind, kView, scalers).value();
  std::vector<float> rows(6);
  EXPECT_TRUE(scores.Rows(0, 2, rows.data()));
  std::vector<float> second_row(3);
  EXPECT_TRUE(scores.Rows(1, 1, second_row.data()));
  EXPECT_EQ(second_row, std::vector<float>(rows.begin() + 3, rows.end()));
  return rows;
}

TEST(WeightScoresTest, MagnitudeNeedsNoStatistics) {
  EXPECT_THAT(Scores(ScoreKind::kMagnitude, {}), ElementsAre(1, 2, 0, 3, 0, 1));
}

TEST(WeightScoresTest, WandaScalesByTheInputNorm) {
  EXPECT_THAT(Scores(ScoreKind::kWanda, kScalers), ElementsAre(4, 2, 0, 12, 0, 9));
}

// By hand: column sums of |W| are 4, 2, 1, row sums 3, 4; the fourth roots of the scalers 2, 1, 3.
TEST(WeightScoresTest, RiaAddsSharesOfRowAndColumn) {
  EXPECT_THAT(
      Scores(ScoreKind::kRia, kScalers),
      ElementsAre(FloatEq((1.0f / 4 + 1.0f / 3) * 2), FloatEq((2.0f / 2 + 2.0f / 3) * 1), 0,
                  FloatEq((3.0f / 4 + 3.0f / 4) * 2), 0, FloatEq((1.0f / 1 + 1.0f / 4) * 3)));
}

TEST(WeightScoresTest, RiaOfEmptyRowsAndColumnsIsZero) {
  const std::vector<float> weights = {0, 0, 0, 5};
  const std::vector<float> scalers = {1, 1};
  const WeightScores scores =
      WeightScores::Create(ScoreKind::kRia, {weights.data(), 2, 2}, scalers).value();
  std::vector<float> rows(4);
  EXPECT_TRUE(scores.Rows(0, 2, rows.data()));
  EXPECT_THAT(rows, ElementsAre(0, 0, 0, 2));
}

TEST(WeightScoresTest, BadInputIsNamed) {
  const std::vector<float> short_scalers = {1, 1};
  EXPECT_THAT(
      std::string(WeightScores::Create(ScoreKind::kWanda, kView, short_scalers).status().message()),
      HasSubstr("statistics of 3 inputs, found 2"));
  for (const float bad : {-1.0f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    const std::vector<float> scalers = {1, bad, 1};
    EXPECT_THAT(
        std::string(WeightScores::Create(ScoreKind::kRia, kView, scalers).status().message()),
        HasSubstr("the statistics of input 1"));
  }
  const std::vector<float> weights = {1, std::nanf("")};
  const WeightScores scores =
      WeightScores::Create(ScoreKind::kMagnitude, {weights.data(), 1, 2}, {}).value();
  std::vector<float> rows(2);
  EXPECT_FALSE(scores.Rows(0, 1, rows.data()));
}

}  // namespace
}  // namespace strata::pruning
