#include "expr/waterfill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace strata::expr {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Pointwise;

std::vector<double> Filled(const std::vector<double>& x, const std::vector<double>& weights,
                           double mean, double low, double high) {
  KernelScratch scratch(x.size());
  std::vector<double> out(x.size());
  Waterfill(x, weights, mean, low, high, scratch, out);
  return out;
}

TEST(Waterfill, FillsTheMarginalUnitInPart) {
  // 10 * 0.25 to give out: 4 * 0.5 to the last unit, 0.5 of the 0.5 * 2 to the first.
  EXPECT_THAT(Filled({2, 1, 3}, {2, 4, 4}, 0.5, 0.25, 0.75),
              Pointwise(DoubleNear(1e-15), std::vector<double>{0.5, 0.25, 0.75}));
}

TEST(Waterfill, EqualUnitsShare) {
  EXPECT_THAT(Filled({0.0, -0.0, -1}, {1, 3, 4}, 0.5, 0, 1), ElementsAre(1, 1, 0));
  EXPECT_THAT(Filled({7, 7, 7}, {1, 3, 4}, 0.5, 0.125, 1), Each(DoubleNear(0.5, 1e-15)));
}

TEST(Waterfill, WithoutRoomAllGetTheMean) {
  EXPECT_THAT(Filled({1, 2, 3}, {1, 1, 1}, 0.5, 0.5, 0.5), Each(0.5));
  EXPECT_THAT(Filled({1, 2, 3}, {1, 1, 1}, 0.5, 0.5, 0.75), Each(0.5));
  EXPECT_THAT(Filled({1, 2, 3}, {1, 1, 1}, 0.5, 0.25, 0.5), Each(0.5));
}

}  // namespace
}  // namespace strata::expr
