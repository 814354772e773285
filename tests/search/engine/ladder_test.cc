#include "search/engine/ladder.h"

#include <gtest/gtest.h>

#include <limits>

namespace strata::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Ladder, OneRungHasNoLimits) {
  Ladder ladder({.rungs = 1, .rivals = 2});
  ladder.AddResult({3.0}, 5);
  EXPECT_TRUE(ladder.LimitsFor(5).empty());
}

TEST(Ladder, EveryoneGoesOnUntilThereAreEnoughRivals) {
  Ladder ladder({.rungs = 2, .rivals = 3});
  for (const double nll : {5.0, 4.0}) ladder.AddResult({nll, nll}, 5);
  EXPECT_EQ(ladder.LimitsFor(9), std::vector<double>{kInfinity});
  ladder.AddResult({6.0, 6.0}, 5);
  EXPECT_EQ(ladder.LimitsFor(9), std::vector<double>{6.0});
}

TEST(Ladder, TheLimitIsTheWorstRivalAndTwiceTheSpreadOfWhatFollowed) {
  Ladder ladder({.rungs = 2, .rivals = 3});
  // Differences 1, 2, 3: mean 2, standard deviation 1.
  ladder.AddResult({5.0, 6.0}, 5);
  ladder.AddResult({4.0, 6.0}, 5);
  ladder.AddResult({6.0, 9.0}, 5);
  EXPECT_DOUBLE_EQ(ladder.LimitsFor(9)[0], 6 + 2 * 1.0);
  // A better one pushes the worst rival out; stopped, it says nothing about what follows.
  ladder.AddResult({3.0}, 5);
  EXPECT_DOUBLE_EQ(ladder.LimitsFor(9)[0], 5 + 2 * 1.0);
}

TEST(Ladder, TheBestOfItsSizeGoesOn) {
  Ladder ladder({.rungs = 2, .rivals = 3});
  for (const double nll : {1.0, 2.0, 3.0}) ladder.AddResult({nll, nll}, 9);
  ladder.AddResult({50.0, 50.0}, 3);
  EXPECT_DOUBLE_EQ(ladder.LimitsFor(9)[0], 3);
  EXPECT_DOUBLE_EQ(ladder.LimitsFor(4)[0], 50);
  EXPECT_EQ(ladder.LimitsFor(2)[0], kInfinity);
}

TEST(Ladder, EveryRungHasItsOwnLimit) {
  Ladder ladder({.rungs = 3, .rivals = 1});
  for (int i = 0; i < 3; ++i) ladder.AddResult({1.0, 3.0, 4.0}, 5);
  const std::vector<double> limits = ladder.LimitsFor(5);
  ASSERT_EQ(limits.size(), 2u);
  EXPECT_DOUBLE_EQ(limits[0], 1);
  EXPECT_DOUBLE_EQ(limits[1], 3);
}

}  // namespace
}  // namespace strata::search
