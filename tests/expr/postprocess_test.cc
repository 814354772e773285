#include "expr/postprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::DoubleNear;
using ::testing::Pointwise;

std::vector<double> Wanted(const std::string& name, const std::vector<double>& x,
                           const std::vector<double>& arguments,
                           const std::vector<int64_t>& parameters, const AllocationTarget& target) {
  return PostprocessKernelOf(IdOf(name))({x, arguments, parameters, target});
}

TEST(Postprocess, EveryRowHasAKernel) {
  for (size_t i = 0; i < Operators().size(); ++i) {
    const OperatorId id = static_cast<OperatorId>(i);
    EXPECT_EQ(PostprocessKernelOf(id) != nullptr, OperatorOf(id).kind == OperatorKind::kPostprocess)
        << OperatorOf(id).name;
  }
}

TEST(Postprocess, SpanIsTwiceLambdaWideAroundTheTarget) {
  EXPECT_THAT(Wanted("span", {0, 10, 4}, {0.08}, {1, 1, 1}, {0.7}),
              Pointwise(DoubleNear(1e-15),
                        std::vector<double>{0.7 - 0.16 * (1.4 / 3), 0.7 + 0.16 * (1 - 1.4 / 3),
                                            0.7 + 0.16 * (0.4 - 1.4 / 3)}));
}

TEST(Postprocess, RankSpreadsEvenly) {
  EXPECT_THAT(Wanted("rank", {0, 1e9, 4, 4}, {0.1}, {1, 1, 1, 1}, {0.5}),
              Pointwise(DoubleNear(1e-15), std::vector<double>{0.4, 0.6, 0.5, 0.5}));
}

TEST(Postprocess, RampIsTheArithmeticProgressionInTheOrderOfX) {
  const double beta = 0.01;
  for (const int units : {1, 2, 30}) {
    std::vector<double> depth;
    std::vector<double> expected;
    for (int i = 1; i <= units; ++i) {
      depth.push_back(i);
      expected.push_back(0.7 - beta * (units - 1) / 2 + beta * (i - 1));
    }
    EXPECT_THAT(Wanted("ramp", depth, {beta}, std::vector<int64_t>(units, 1), {0.7}),
                Pointwise(DoubleNear(1e-15), expected));
  }
}

TEST(Postprocess, WaterfillFillsFromTheTop) {
  // 100 weights, target 0.5: 50 zeros, 30 of them everywhere at 0.3, 20 to give out.
  // x = 9 takes 0.4 * 20 = 8; the two units with x = 5 share 12 of a capacity of 24.
  EXPECT_THAT(Wanted("waterfill", {5, 1, 9, 5}, {0.2, 0.2}, {30, 20, 20, 30}, {0.5}),
              Pointwise(DoubleNear(1e-15), std::vector<double>{0.5, 0.3, 0.7, 0.5}));
  // The bounds of the target are tighter than the box.
  EXPECT_THAT(Wanted("waterfill", {1, 2}, {0.4, 0.4}, {1, 1}, {0.7, 0.5, 0.9}),
              Pointwise(DoubleNear(1e-15), std::vector<double>{0.5, 0.9}));
}

// Against the best corner of the feasible polytope, enumerated: a knapsack's optimum has at most
// one unit strictly between its bounds.
TEST(Postprocess, WaterfillIsTheOptimalKnapsack) {
  MersenneTwister random(9);
  for (int round = 0; round < 300; ++round) {
    const size_t units = 2 + random.Below(5);
    std::vector<double> value(units);  // per weight
    std::vector<int64_t> size(units);
    double total = 0;
    for (size_t i = 0; i < units; ++i) {
      value[i] = random.Normal();
      size[i] = 1 + static_cast<int64_t>(random.Below(100));
      total += static_cast<double>(size[i]);
    }
    const double lower = random.Uniform(0.05, 0.3);
    const double upper = random.Uniform(0.05, 0.3);
    const AllocationTarget target{0.6, 0.0, 0.99};
    const auto gain = [&](const std::vector<double>& s) {
      double sum = 0;
      for (size_t i = 0; i < units; ++i) sum += s[i] * value[i] * static_cast<double>(size[i]);
      return sum;
    };
    double best = -INFINITY;
    for (size_t free = 0; free < units; ++free) {
      for (size_t corner = 0; corner < (size_t{1} << units); ++corner) {
        std::vector<double> s(units);
        double rest = 0.6 * total;
        for (size_t i = 0; i < units; ++i) {
          s[i] = (corner >> i) & 1 ? 0.6 + upper : 0.6 - lower;
          if (i != free) rest -= s[i] * static_cast<double>(size[i]);
        }
        s[free] = rest / static_cast<double>(size[free]);
        if (s[free] < 0.6 - lower - 1e-12 || s[free] > 0.6 + upper + 1e-12) continue;
        best = std::max(best, gain(s));
      }
    }
    const std::vector<double> wanted = Wanted("waterfill", value, {lower, upper}, size, target);
    EXPECT_NEAR(MeanSparsity(wanted, size), 0.6, 1e-12);
    EXPECT_NEAR(gain(wanted), best, 1e-9);
  }
}

}  // namespace
}  // namespace strata::expr
