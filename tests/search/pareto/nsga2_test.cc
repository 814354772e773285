#include "search/pareto/nsga2.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Fronts = std::vector<std::vector<size_t>>;

TEST(Dominates, NeedsOneSmallerAndNoneLarger) {
  EXPECT_TRUE(Dominates({1, 2}, {1, 3}));
  EXPECT_TRUE(Dominates({0, 0, 0}, {1, 1, 1}));
  EXPECT_FALSE(Dominates({1, 2}, {1, 2}));
  EXPECT_FALSE(Dominates({1, 3}, {2, 2}));
  EXPECT_FALSE(Dominates({2, 2}, {1, 3}));
}

TEST(NondominatedFronts, WorkedExample) {
  // By hand: a(1,5) b(2,3) c(4,1) are free; d(3,4) is below b only, e(5,2) below c only; f(5,5) is
  // below d and e too.
  const std::vector<Objectives> points = {{5, 5}, {4, 1}, {3, 4}, {1, 5}, {5, 2}, {2, 3}};
  EXPECT_EQ(NondominatedFronts(points), (Fronts{{3, 5, 1}, {2, 4}, {0}}));
}

TEST(NondominatedFronts, EqualPointsShareAFront) {
  EXPECT_EQ(NondominatedFronts({{1, 1}, {2, 2}, {1, 1}, {2, 2}}), (Fronts{{0, 2}, {1, 3}}));
}

TEST(NondominatedFronts, OneObjectiveIsASortIntoLevels) {
  EXPECT_EQ(NondominatedFronts({{3}, {1}, {2}, {1}}), (Fronts{{1, 3}, {2}, {0}}));
}

TEST(NondominatedFronts, NoPointsNoFronts) { EXPECT_THAT(NondominatedFronts({}), IsEmpty()); }

// Rank by the definition: one more than the largest rank among the dominators.
std::vector<size_t> RanksByDefinition(const std::vector<Objectives>& points) {
  std::vector<size_t> ranks(points.size(), 0);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < points.size(); ++i) {
      for (size_t j = 0; j < points.size(); ++j) {
        if (Dominates(points[j], points[i]) && ranks[i] < ranks[j] + 1) {
          ranks[i] = ranks[j] + 1;
          changed = true;
        }
      }
    }
  }
  return ranks;
}

TEST(NondominatedFronts, AgreesWithTheDefinitionForOneToFiveObjectives) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const size_t objectives = 1 + random() % 5;
    std::vector<Objectives> points(random() % 40);
    for (Objectives& point : points) {
      // Few distinct values, so that ties and equal points are common.
      for (size_t m = 0; m < objectives; ++m) point.push_back(static_cast<double>(random() % 6));
    }
    const std::vector<size_t> expected = RanksByDefinition(points);
    std::vector<size_t> found(points.size(), points.size());
    const Fronts fronts = NondominatedFronts(points);
    for (size_t rank = 0; rank < fronts.size(); ++rank) {
      ASSERT_FALSE(fronts[rank].empty());
      for (const size_t index : fronts[rank]) found[index] = rank;
    }
    ASSERT_EQ(found, expected) << "round " << round;
  }
}

// ZDT1's optimal front is f2 = 1 - sqrt(f1) at g = 1; points with g = 1 + k / 10 lie on parallel,
// dominated curves.
TEST(NondominatedFronts, SeparatesTheCurvesOfZdt1) {
  std::vector<Objectives> points;
  std::vector<size_t> curve_of;
  std::mt19937_64 random(11);
  std::vector<std::pair<size_t, double>> order;
  for (size_t curve = 0; curve < 5; ++curve) {
    for (int i = 0; i <= 50; ++i) order.emplace_back(curve, i / 50.0);
  }
  std::shuffle(order.begin(), order.end(), random);
  for (const auto& [curve, f1] : order) {
    const double g = 1.0 + 0.1 * static_cast<double>(curve);
    points.push_back({f1, g * (1.0 - std::sqrt(f1 / g))});
    curve_of.push_back(curve);
  }
  const Fronts fronts = NondominatedFronts(points);
  ASSERT_EQ(fronts.size(), 5u);
  for (size_t rank = 0; rank < 5; ++rank) {
    EXPECT_EQ(fronts[rank].size(), 51u);
    for (const size_t index : fronts[rank]) EXPECT_EQ(curve_of[index], rank);
  }
}

TEST(CrowdingDistances, WorkedExample) {
  // Ranges 10 and 8. (2,5): (5-0)/10 + (8-3)/8 = 1.125. (5,3): (10-2)/10 + (5-0)/8 = 1.425.
  const std::vector<Objectives> points = {{5, 3}, {0, 8}, {10, 0}, {2, 5}};
  const std::vector<double> distances = CrowdingDistances(points, {1, 3, 0, 2});
  ASSERT_EQ(distances.size(), 4u);
  EXPECT_EQ(distances[0], kInfinity);
  EXPECT_DOUBLE_EQ(distances[1], 1.125);
  EXPECT_DOUBLE_EQ(distances[2], 1.425);
  EXPECT_EQ(distances[3], kInfinity);
}

TEST(CrowdingDistances, AnObjectiveWithoutRangeAddsNothing) {
  const std::vector<Objectives> points = {{1, 4, 0}, {2, 4, 0.5}, {3, 4, 1}};
  EXPECT_THAT(CrowdingDistances(points, {0, 1, 2}), ElementsAre(kInfinity, 2.0, kInfinity));
  EXPECT_THAT(CrowdingDistances({{1, 1}, {1, 1}, {1, 1}}, {0, 1, 2}), ElementsAre(0, 0, 0));
}

TEST(CrowdingDistances, OneMemberOrNone) {
  EXPECT_THAT(CrowdingDistances({{1, 2}}, {0}), ElementsAre(0));
  EXPECT_THAT(CrowdingDistances({{1, 2}}, {}), IsEmpty());
}

TEST(SelectBest, WholeFrontsFirstThenTheLeastCrowded) {
  // Front 0: four points of the example above; front 1: (6,9) and (11,4).
  const std::vector<Objectives> points = {{5, 3}, {0, 8}, {6, 9}, {10, 0}, {2, 5}, {11, 4}};
  std::vector<size_t> order;
  for (const Ranked& ranked : SelectBest(points, 5)) order.push_back(ranked.index);
  EXPECT_THAT(order, ElementsAre(1, 3, 0, 4, 2));
  EXPECT_EQ(SelectBest(points, 100).size(), 6u);
  EXPECT_EQ(SelectBest(points, 5)[4].rank, 1u);
}

TEST(CrowdedLess, RankBeforeCrowding) {
  EXPECT_TRUE(CrowdedLess({0, 0, 0.1}, {1, 1, kInfinity}));
  EXPECT_TRUE(CrowdedLess({0, 1, 2.0}, {1, 1, 1.0}));
  EXPECT_FALSE(CrowdedLess({0, 1, 1.0}, {1, 1, 1.0}));
}

}  // namespace
}  // namespace strata::search
