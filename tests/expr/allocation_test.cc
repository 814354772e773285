#include "expr/allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

TEST(Project, ShiftsToTheWeightedMean) {
  // Weighted mean of the wanted values: (0.2 * 3 + 0.6 * 1) / 4 = 0.3.
  EXPECT_THAT(*Project({0.2, 0.6}, {3, 1}, {0.5}),
              Pointwise(DoubleNear(1e-15), std::vector<double>{0.4, 0.8}));
}

TEST(Project, WhatOneUnitCannotTakeTheOthersDo) {
  // Shifted by 0.2 the last would be 1.1: at 0.9 it is short by 0.2, shared by the two others.
  EXPECT_THAT(*Project({0.2, 0.4, 0.9}, {1, 1, 1}, {0.7, 0.0, 0.9}),
              Pointwise(DoubleNear(1e-12), std::vector<double>{0.5, 0.7, 0.9}));
}

TEST(Project, ReachesTheTargetAtItsBounds) {
  EXPECT_THAT(*Project({0.1, 0.9}, {1, 5}, {0.5, 0.5, 0.9}),
              Pointwise(DoubleNear(1e-12), std::vector<double>{0.5, 0.5}));
  EXPECT_THAT(*Project({0.1, 0.9}, {1, 5}, {0.5, 0.1, 0.5}),
              Pointwise(DoubleNear(1e-12), std::vector<double>{0.5, 0.5}));
}

TEST(Project, SaysWhatIsInfeasibleOrWrong) {
  EXPECT_EQ(Project({0.5}, {1}, {0.7, 0.0, 0.6}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Project({0.5}, {1}, {0.7, 0.0, 0.6}).status().message()),
              HasSubstr("no allocation within [0, 0.6] has the mean sparsity 0.7"));
  EXPECT_EQ(Project({0.5}, {1}, {0.7, 0.8, 0.9}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(Project({0.5}, {1}, {1.0}).ok());
  EXPECT_FALSE(Project({0.5}, {1}, {0.7, 0.0, 1.0}).ok());
  EXPECT_FALSE(Project({0.5}, {1}, {std::nan("")}).ok());
  EXPECT_FALSE(Project({}, {}, {0.7}).ok());
  EXPECT_THAT(std::string(Project({0.5}, {1, 2}, {0.7}).status().message()),
              HasSubstr("each of the 2 units (at least one), found 1"));
  EXPECT_THAT(std::string(Project({0.5, std::nan("")}, {1, 1}, {0.7}).status().message()),
              HasSubstr("unit 1: expected a finite sparsity, found nan"));
  EXPECT_THAT(std::string(Project({0.5, 0.5}, {1, 0}, {0.7}).status().message()),
              HasSubstr("unit 1: expected a positive number of weights, found 0"));
}

// The answer of Project is the only common shift that gives the mean: found here by its definition.
TEST(Project, IsExactForRandomSizesBoundsAndWantedValues) {
  MersenneTwister random(21);
  for (int round = 0; round < 20000; ++round) {
    const std::vector<int64_t> sizes = RandomSizes(random);
    const double spread = std::exp(random.Uniform(-10, 10));
    std::vector<double> wanted(sizes.size());
    for (double& value : wanted) value = spread * random.Normal();
    AllocationTarget target;
    target.sparsity = random.Uniform(0.01, 0.99);
    target.minimum = random.Below(3) == 0 ? 0 : random.Uniform(0, target.sparsity);
    target.maximum = random.Below(3) == 0 ? 0.99 : random.Uniform(target.sparsity, 0.99);
    const absl::StatusOr<Allocation> allocation = Project(wanted, sizes, target);
    ASSERT_TRUE(allocation.ok()) << std::string(allocation.status().message());
    ASSERT_NEAR(MeanSparsity(*allocation, sizes), target.sparsity, 1.1e-12);
    double shift = std::nan("");
    for (size_t i = 0; i < sizes.size(); ++i) {
      const double value = (*allocation)[i];
      ASSERT_GE(value, target.minimum);
      ASSERT_LE(value, target.maximum);
      if (value > target.minimum && value < target.maximum) shift = value - wanted[i];
    }
    if (std::isnan(shift)) continue;
    const double tolerance = 1e-12 * std::max(1.0, spread);
    for (size_t i = 0; i < sizes.size(); ++i) {
      ASSERT_NEAR((*allocation)[i], std::clamp(wanted[i] + shift, target.minimum, target.maximum),
                  tolerance);
    }
  }
}

TEST(Project, TakesHugeValues) {
  const absl::StatusOr<Allocation> allocation = Project({1e30, 0, -1e30}, {1, 1, 1}, {0.5});
  ASSERT_TRUE(allocation.ok());
  EXPECT_THAT(*allocation, Pointwise(DoubleNear(1e-9), std::vector<double>{0.99, 0.51, 0}));
  // A common shift of 1e30 would swallow the sparsity; the differences count.
  EXPECT_THAT(*Project({1e30, 1e30}, {1, 2}, {0.5}),
              Pointwise(DoubleNear(1e-12), std::vector<double>{0.5, 0.5}));
}

TEST(Allocation, MeanAndKey) {
  EXPECT_DOUBLE_EQ(MeanSparsity({0.5, 0.9}, {3, 1}), 0.6);
  EXPECT_EQ(QuantizedKey({0.5, 0.123456}), "50000,12346");
  EXPECT_EQ(QuantizedKey({0.700001, 0.7}), QuantizedKey({0.7, 0.700004}));
  EXPECT_NE(QuantizedKey({0.70002}), QuantizedKey({0.7}));
}

}  // namespace
}  // namespace strata::expr
