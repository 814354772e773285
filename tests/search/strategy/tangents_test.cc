#include "search/strategy/tangents.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace strata::search {
namespace {

// Two units, with a quarter and three quarters of the parameters.
const std::vector<double> kRoots = {0.5, std::sqrt(0.75)};

std::vector<double> InputOf(double first, double second) {
  return {kRoots[0] * first, kRoots[1] * second};
}

TEST(Tangents, KnowNothingWithoutSlopes) {
  EXPECT_EQ(Tangents(kRoots).ChangeAt(InputOf(0.6, 0.7)), 0);
}

// The budget stays: 0.25 * 0.03 = 0.75 * 0.01. The slopes are 1 and -2, so the loss changes by
// 0.03 + 0.02, weighted by what the distance of 0.0173 leaves.
TEST(Tangents, ExpectTheChangeThatSlopesGiveNearThem) {
  Tangents tangents(kRoots);
  tangents.Add({0.7, 0.7}, {1, -2});
  EXPECT_NEAR(tangents.ChangeAt(InputOf(0.7, 0.7)), 0, 1e-15);
  const double squares = 0.25 * 0.03 * 0.03 + 0.75 * 0.01 * 0.01;
  const double weight = std::exp(-0.5 * squares / (0.04 * 0.04));
  EXPECT_NEAR(tangents.ChangeAt(InputOf(0.73, 0.69)), 0.05 * weight, 1e-12);
  EXPECT_NEAR(tangents.ChangeAt(InputOf(0.67, 0.71)), -0.05 * weight, 1e-12);
}

TEST(Tangents, VanishFarFromThem) {
  Tangents tangents(kRoots);
  tangents.Add({0.7, 0.7}, {1, -2});
  EXPECT_LT(std::abs(tangents.ChangeAt(InputOf(0.1, 0.9))), 1e-6);
}

// A slope that all weights share says how the loss rises with the target, which does not change.
TEST(Tangents, LeaveOutWhatShiftsAllSparsitiesAlike) {
  Tangents tangents(kRoots);
  tangents.Add({0.7, 0.7}, {0.25 * 4, 0.75 * 4});
  EXPECT_NEAR(tangents.ChangeAt(InputOf(0.73, 0.69)), 0, 1e-12);
  EXPECT_NEAR(tangents.ChangeAt(InputOf(0.72, 0.72)), 0, 1e-12);
}

// Between two places with slopes their mean counts, by distance.
TEST(Tangents, BlendThoseOfSeveralPlaces) {
  Tangents tangents(kRoots);
  tangents.Add({0.7, 0.7}, {1, -2});
  const double alone = tangents.ChangeAt(InputOf(0.73, 0.69));
  tangents.Add({0.7, 0.7}, {1, -2});
  EXPECT_GT(tangents.ChangeAt(InputOf(0.73, 0.69)), alone);
  EXPECT_LE(tangents.ChangeAt(InputOf(0.73, 0.69)), 0.05 + 1e-12);
}

}  // namespace
}  // namespace strata::search
