#include "search/pareto/hypervolume.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace strata::search {
namespace {

TEST(Hypervolume, WorkedExamples) {
  EXPECT_DOUBLE_EQ(Hypervolume({}, {1, 1}), 0);
  EXPECT_DOUBLE_EQ(Hypervolume({{3}, {2}, {9}}, {7}), 5);
  // The box of (1,2) holds that of (3,4).
  EXPECT_DOUBLE_EQ(Hypervolume({{1, 2}, {3, 4}}, {5, 5}), 12);
  EXPECT_DOUBLE_EQ(Hypervolume({{1, 2}, {2, 1}}, {5, 5}), 15);
  // Two boxes of 2 x 2 x 1 and 1 x 1 x 2 that share a unit cube.
  EXPECT_DOUBLE_EQ(Hypervolume({{1, 1, 2}, {2, 2, 1}}, {3, 3, 3}), 5);
  EXPECT_DOUBLE_EQ(Hypervolume({{0, 0, 0, 0}, {0, 0, 0, 0}}, {1, 2, 3, 4}), 24);
  // At or beyond the reference in one objective: nothing.
  EXPECT_DOUBLE_EQ(Hypervolume({{0, 5}, {6, 0}}, {5, 5}), 0);
}

// The volume of a union of boxes by inclusion and exclusion.
double ByInclusion(const std::vector<Objectives>& points, const Objectives& reference) {
  double volume = 0;
  for (size_t subset = 1; subset < size_t{1} << points.size(); ++subset) {
    double part = -1;
    Objectives corner(reference.size(), -1e300);
    for (size_t i = 0; i < points.size(); ++i) {
      if ((subset >> i & 1) == 0) continue;
      part = -part;
      for (size_t m = 0; m < corner.size(); ++m) corner[m] = std::max(corner[m], points[i][m]);
    }
    for (size_t m = 0; m < corner.size(); ++m) part *= std::max(0.0, reference[m] - corner[m]);
    volume += part;
  }
  return volume;
}

TEST(Hypervolume, IsTheUnionOfBoxesForOneToFourObjectives) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 400; ++round) {
    const size_t objectives = 1 + random() % 4;
    std::vector<Objectives> points(random() % 8);
    for (Objectives& point : points) {
      for (size_t m = 0; m < objectives; ++m) point.push_back(static_cast<double>(random() % 6));
    }
    const Objectives reference(objectives, 5.0);
    EXPECT_NEAR(Hypervolume(points, reference), ByInclusion(points, reference), 1e-9) << round;
  }
}

// Points of a front whose objectives but the last lie on a grid, the last given by `last`.
std::vector<Objectives> Sample(size_t objectives, int steps, double (*last)(const Objectives&)) {
  std::vector<Objectives> points;
  std::vector<int> at(objectives - 1, 0);
  for (;;) {
    Objectives point;
    for (const int i : at) point.push_back(static_cast<double>(i) / steps);
    const double value = last(point);
    if (value >= 0) {
      point.push_back(value);
      points.push_back(point);
    }
    size_t m = 0;
    while (m < at.size() && ++at[m] > steps) at[m++] = 0;
    if (m == at.size()) return points;
  }
}

// Analytic hypervolumes of the published fronts (E. Zitzler, K. Deb, L. Thiele, 2000; K. Deb et
// al., 2002). What N steps leave out is of the order of 1 / N, always from below.
TEST(Hypervolume, ApproachesThatOfZdt1AndZdt2) {
  // f2 = 1 - sqrt(f1): 1 - 1/3 within the unit square, and the frame of width 0.1 around it.
  const double zdt1 = 2.0 / 3 + 0.21;
  const double found1 = Hypervolume(
      Sample(2, 4000, [](const Objectives& f) { return 1 - std::sqrt(f[0]); }), {1.1, 1.1});
  EXPECT_LT(found1, zdt1);
  EXPECT_NEAR(found1, zdt1, 5e-4);
  const double zdt2 = 1.0 / 3 + 0.21;
  const double found2 =
      Hypervolume(Sample(2, 4000, [](const Objectives& f) { return 1 - f[0] * f[0]; }), {1.1, 1.1});
  EXPECT_LT(found2, zdt2);
  EXPECT_NEAR(found2, zdt2, 5e-4);
}

TEST(Hypervolume, ApproachesThatOfDtlz2InThreeAndFourObjectives) {
  const auto sphere = [](const Objectives& f) {
    double rest = 1;
    for (const double value : f) rest -= value * value;
    return rest < 0 ? -1 : std::sqrt(rest);
  };
  const double three = 1 - std::numbers::pi / 6;
  const double found3 = Hypervolume(Sample(3, 60, sphere), {1, 1, 1});
  EXPECT_LT(found3, three);
  EXPECT_NEAR(found3, three, 0.03);
  const double four = 1 - std::numbers::pi * std::numbers::pi / 32;
  const double found4 = Hypervolume(Sample(4, 9, sphere), {1, 1, 1, 1});
  EXPECT_LT(found4, four);
  EXPECT_NEAR(found4, four, 0.12);
}

// On DTLZ1's plane, scaled to sum 1, a lattice of step 1/H dominates exactly the cells of a grid of
// H per side whose lower corners have a sum of at least H.
TEST(Hypervolume, IsExactOnLatticesOfDtlz1) {
  for (const auto& [objectives, steps] : {std::pair{2, 40}, {3, 16}, {4, 7}}) {
    std::vector<Objectives> points;
    int64_t cells = 0, all = 1;
    for (int m = 0; m < objectives; ++m) all *= steps + 1;
    for (int64_t code = 0; code < all; ++code) {
      Objectives point;
      int sum = 0;
      bool is_cell = true;
      int64_t rest = code;
      for (int m = 0; m < objectives; ++m, rest /= steps + 1) {
        const auto digit = static_cast<int>(rest % (steps + 1));
        point.push_back(static_cast<double>(digit));
        sum += digit;
        is_cell = is_cell && digit < steps;
      }
      if (sum == steps) points.push_back(point);
      cells += is_cell && sum >= steps ? 1 : 0;
    }
    const Objectives reference(static_cast<size_t>(objectives), static_cast<double>(steps));
    EXPECT_DOUBLE_EQ(Hypervolume(points, reference), static_cast<double>(cells)) << objectives;
  }
}

}  // namespace
}  // namespace strata::search
