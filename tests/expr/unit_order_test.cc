#include "expr/unit_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::ElementsAre;

std::vector<uint32_t> Units(std::span<const OrderedUnit> order) {
  std::vector<uint32_t> units;
  for (const OrderedUnit& at : order) units.push_back(at.unit);
  return units;
}

TEST(AscendingOrder, IsThatOfTheValuesAndThenOfTheUnits) {
  const std::vector<double> x = {-1,     0.0,     INFINITY,     -INFINITY, -0.0,
                                 5e-324, -5e-324, std::nan(""), 1,         -std::nan("")};
  KernelScratch scratch(x.size());
  EXPECT_THAT(Units(AscendingOrder(x, scratch)), ElementsAre(7, 9, 3, 0, 6, 1, 4, 5, 8, 2));
}

// Of every number of units, with values that differ in the last bit too.
TEST(AscendingOrder, IsTheStableSort) {
  MersenneTwister random(8);
  KernelScratch scratch(300);
  for (int round = 0; round < 3000; ++round) {
    std::vector<double> x = HostileFeature(random, 1 + random.Below(300));
    if (round % 3 == 0) {
      for (double& value : x) value = 1 + static_cast<double>(random.Below(100)) * 0x1p-52;
    }
    std::vector<uint32_t> expected(x.size());
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(), [&x](uint32_t a, uint32_t b) {
      return std::isnan(x[a]) ? !std::isnan(x[b]) : x[a] < x[b];
    });
    const std::span<const OrderedUnit> order = AscendingOrder(x, scratch);
    ASSERT_EQ(Units(order), expected);
    for (size_t k = 1; k < order.size(); ++k) {
      const double a = x[order[k - 1].unit];
      const double b = x[order[k].unit];
      ASSERT_EQ(order[k - 1].key == order[k].key, a == b || (std::isnan(a) && std::isnan(b)));
    }
  }
}

}  // namespace
}  // namespace strata::expr
