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
using ::testing::ElementsAre;
using ::testing::Pointwise;

std::vector<double> Wanted(const std::string& name, const std::vector<double>& x,
                           const std::vector<double>& arguments,
                           const std::vector<int64_t>& parameters, const AllocationTarget& target) {
  std::vector<double> wanted(x.size());
  KernelScratch scratch(x.size());
  const UnitLayout layout = SquareBlocks(parameters);
  WantedKernelOf(IdOf(name))({x, arguments, layout, parameters, WeightsOf(parameters), target},
                             scratch, wanted);
  return wanted;
}

TEST(Postprocess, EveryRowHasAKernel) {
  for (size_t i = 0; i < Operators().size(); ++i) {
    const OperatorId id = static_cast<OperatorId>(i);
    const Operator& row = OperatorOf(id);
    const bool wants = row.kind == OperatorKind::kPostprocess && row.name != "nm";
    const bool allocates = row.kind == OperatorKind::kPostprocess ||
                           row.kind == OperatorKind::kDescent ||
                           row.kind == OperatorKind::kAdjustment;
    EXPECT_EQ(WantedKernelOf(id) != nullptr, wants) << row.name;
    EXPECT_EQ(PostprocessKernelOf(id) != nullptr, allocates) << row.name;
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

TEST(Postprocess, RampGivesEqualValuesOneStep) {
  // Steps 1, 0, 1, 2 around their mean 1.
  EXPECT_THAT(Wanted("ramp", {5, 1, 5, 9}, {0.1}, {1, 1, 1, 1}, {0.5}),
              Pointwise(DoubleNear(1e-15), std::vector<double>{0.5, 0.4, 0.5, 0.6}));
}

TEST(Postprocess, LogisticIsSpanOfTheSquashedStandardScores) {
  // Standard scores -1, 1, 0 times sqrt(1.5).
  const double up = 1 / (1 + std::exp(-2 * std::sqrt(1.5)));
  EXPECT_THAT(Wanted("logistic", {10, 30, 20}, {0.1, 2}, {1, 1, 1}, {0.5}),
              Pointwise(DoubleNear(1e-15), std::vector<double>{0.5 + 0.2 * ((1 - up) - 0.5),
                                                               0.5 + 0.2 * (up - 0.5), 0.5}));
}

// AlphaPruning, r in [1 - epsilon, 1 + epsilon] and s = r S sum N / sum N r.
TEST(Postprocess, ProportionIsAlphaPruning) {
  const std::vector<double> x = {3, 2, 5};
  const std::vector<int64_t> sizes = {10, 20, 70};
  const double epsilon = 0.3;
  std::vector<double> expected;
  double total = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    expected.push_back((x[i] - 2) / 3 * 2 * epsilon + (1 - epsilon));
    total += expected[i] * static_cast<double>(sizes[i]);
  }
  for (double& value : expected) value *= 0.5 * 100 / total;
  EXPECT_THAT(Wanted("proportion", x, {epsilon}, sizes, {0.5}),
              Pointwise(DoubleNear(1e-14), expected));
}

TEST(Postprocess, ProportionKeepsItsRatiosBesideUnitsAtTheirBounds) {
  // Shares 0.1, 1.9, 1; the second stops at 0.9, so the others share 1.5 - 0.9 as 0.1 to 1.
  EXPECT_THAT(
      Wanted("proportion", {0, 2, 1}, {0.9}, {1, 1, 1}, {0.5, 0, 0.9}),
      Pointwise(DoubleNear(1e-14), std::vector<double>{0.6 * 0.1 / 1.1, 0.9, 0.6 * 1 / 1.1}));
}

// ER: density in proportion to (inputs + outputs) / (inputs * outputs), one constant for all.
TEST(Postprocess, DensityIsErAndItsUnitDoesNotCount) {
  const std::vector<int64_t> sizes = {100 * 100, 100 * 400};
  for (const double unit : {1.0, 1e-280, 1e280}) {
    const std::vector<double> x = {200.0 / 10000 * unit, 500.0 / 40000 * unit};
    // c (200 + 500) weights are kept: 30 % of 50000.
    const double c = 0.3 * 50000 / 700;
    EXPECT_THAT(Wanted("density", x, {}, sizes, {0.7}),
                Pointwise(DoubleNear(1e-14),
                          std::vector<double>{1 - c * 200.0 / 10000, 1 - c * 500.0 / 40000}))
        << unit;
  }
}

TEST(Postprocess, DensityFillsUpWhatUnitsAtTheirBoundsLeave) {
  // The last keeps everything, the first nothing beyond the bound: 0.9 + s + 0 = 1.5.
  EXPECT_THAT(Wanted("density", {-4, 1, 1000}, {}, {1, 1, 1}, {0.5, 0, 0.9}),
              Pointwise(DoubleNear(1e-14), std::vector<double>{0.9, 0.6, 0}));
  // Over 600 orders of magnitude.
  EXPECT_THAT(Wanted("density", {1e-300, 2e-300, 1e300}, {}, {1, 1, 1}, {0.5, 0, 0.9}),
              Pointwise(DoubleNear(1e-14), std::vector<double>{1 - 0.5 / 3, 1 - 1.0 / 3, 0}));
}

TEST(Postprocess, DirectIsX) {
  EXPECT_THAT(Wanted("direct", {0.2, 0.9, -7, 1e30}, {}, {1, 1, 1, 1}, {0.5}),
              ElementsAre(0.2, 0.9, -1, 2));
}

constexpr Unit Attention(int block, int64_t parameters) {
  return {parameters, block, UnitKind::kAttention, 2};
}
constexpr Unit FeedForward(int block, int64_t parameters) {
  return {parameters, block, UnitKind::kFeedForward, 2};
}

Allocation Allocated(const std::string& text, const FeatureTable& table,
                     const AllocationTarget& target) {
  absl::StatusOr<Allocation> allocation = EvaluateAllocation(Parsed(text), table, target);
  EXPECT_TRUE(allocation.ok()) << text << ": " << std::string(allocation.status().message());
  return *std::move(allocation);
}

TEST(Within, FillsEachBlockFromTheTop) {
  FeatureTable table(
      {Attention(0, 1), FeedForward(0, 3), Attention(1, 1), FeedForward(1, 1), FeedForward(2, 2)});
  ASSERT_TRUE(table.Add("mean(W)", {1, 2, 5, 4, 9}).ok());
  // Blocks at 0.4, 0.5, 0.6 (weights 4, 2, 2 shift the ramp by 0.025). Block 0: 4 * 0.425 zeros,
  // 4 * 0.225 of them everywhere, 0.8 for the second unit, whose capacity is 1.2. Block 1: 0.525,
  // half above and half below. Block 2 has one unit.
  EXPECT_THAT(Allocated("within(ramp(depth, 0.1), mean(W), 0.2, 0.2)", table, {0.5}),
              Pointwise(DoubleNear(1e-14),
                        std::vector<double>{0.225, 0.225 + 0.8 / 3, 0.725, 0.325, 0.625}));
  // Bounds are tighter than the box.
  EXPECT_THAT(Allocated("within(uniform(), mean(W), 0.2, 0.2)", table, {0.5, 0.45, 0.6})[2],
              DoubleNear(0.55, 1e-14));
}

TEST(Within, EqualOperandsShareTheirBlockAndNestedOnesTheLast) {
  const UnitLayout layout = {Attention(0, 1), FeedForward(0, 2), Attention(1, 3),
                             FeedForward(1, 4)};
  FeatureTable table(layout);
  ASSERT_TRUE(table.Add("mean(W)", {1, 2, 4, 3}).ok());
  EXPECT_THAT(
      Allocated("within(span(mean(W), 0.2), 1, 0.1, 0.1)", table, {0.5})[0],
      DoubleNear(Allocated("within(span(mean(W), 0.2), 1, 0.1, 0.1)", table, {0.5})[1], 1e-15));
  EXPECT_THAT(Allocated("within(within(span(mean(W), 0.2), -mean(W), 0.3, 0.1), mean(W), 0.1, 0.1)",
                        table, {0.5}),
              Pointwise(DoubleNear(1e-14),
                        Allocated("within(span(mean(W), 0.2), mean(W), 0.1, 0.1)", table, {0.5})));
  // Computed operands on both levels: none may take the place of the allocation.
  EXPECT_EQ(
      Allocated("within(within(span(-mean(W), 0.2), mean(W) * 3, 0.3, 0.1), mean(W) * 2, 0.1, "
                "0.1)",
                table, {0.5}),
      Allocated("within(within(span(-mean(W), 0.2), mean(W), 0.3, 0.1), mean(W), 0.1, 0.1)", table,
                {0.5}));
}

TEST(Within, DsaBelowKeepsItsOwnRule) {
  FeatureTable table(SquareBlocks({1, 1, 1}));
  ASSERT_TRUE(table.Add("mean(W)", {0.5, 2, 1}).ok());
  // asin(2) is NaN: it becomes 0 only at the top of dsa's operand, where exp(0) = 1 outside.
  EXPECT_EQ(Allocated("within(dsa(exp(asin(mean(W))), 0.1), asin(mean(W)), 0.1, 0.1)", table, {}),
            Allocated("dsa(exp(asin(mean(W))), 0.1)", table, {}));
}

// The same progression over the blocks whether a unit is a block or a part of one.
TEST(Postprocess, RampOfDepthIsTheSameAtEveryGranularity) {
  const FeatureTable blocks(SquareBlocks({5, 7, 5}));
  const FeatureTable parts({Attention(0, 1), FeedForward(0, 4), FeedForward(1, 7), Attention(2, 2),
                            Attention(2, 1), FeedForward(2, 2)});
  for (const AllocationTarget& target : {AllocationTarget{0.7}, AllocationTarget{0.7, 0.65, 0.9}}) {
    const Allocation coarse = Allocated("ramp(depth, 0.1)", blocks, target);
    const Allocation fine = Allocated("ramp(depth, 0.1)", parts, target);
    for (size_t i = 0; i < fine.size(); ++i) {
      EXPECT_NEAR(fine[i], coarse[static_cast<size_t>(parts.layout()[i].block)], 1e-14);
    }
  }
}

UnitLayout RandomLayout(RandomGenerator& random) {
  UnitLayout layout;
  int block = 0;
  for (const int64_t size : RandomSizes(random)) {
    if (!layout.empty() && random.Below(3) == 0) ++block;
    layout.push_back({size, block, static_cast<UnitKind>(random.Below(3)), 2});
  }
  return layout;
}

// Every post-process, alone and adjusted, on every kind of unpleasant table.
TEST(Postprocess, MeanIsExactAndBoundsHold) {
  MersenneTwister random(77);
  for (int round = 0; round < 4000; ++round) {
    FeatureTable table(RandomLayout(random));
    const size_t units = table.parameters().size();
    ASSERT_TRUE(table.Add("mean(W)", HostileFeature(random, units)).ok());
    ASSERT_TRUE(table.Add("mean(X)", HostileFeature(random, units)).ok());
    AllocationTarget target{random.Uniform(0.05, 0.95)};
    target.minimum = random.Below(2) == 0 ? 0 : random.Uniform(0, target.sparsity);
    target.maximum = random.Below(2) == 0 ? 0.99 : random.Uniform(target.sparsity, 0.99);
    for (size_t k = 0; k < Operators().size(); ++k) {
      const Operator& row = Operators()[k];
      if (row.kind != OperatorKind::kPostprocess || row.name == "nm") continue;
      Expression tree{static_cast<OperatorId>(k), {}, {}};
      for (const OperatorParameter& parameter : row.parameters) {
        tree.parameters.push_back(random.Uniform(parameter.minimum, parameter.maximum));
      }
      if (row.arity == 1) tree.children.push_back(Parsed("mean(W)"));
      for (int nested = 0; nested < 3; ++nested) {
        const absl::StatusOr<Allocation> allocation = EvaluateAllocation(tree, table, target);
        ASSERT_TRUE(allocation.ok()) << PrintExpression(tree);
        ASSERT_NEAR(MeanSparsity(*allocation, table.parameters()), target.sparsity,
                    1e-12 * target.sparsity)
            << PrintExpression(tree);
        for (const double value : *allocation) {
          ASSERT_TRUE(value >= target.minimum && value <= target.maximum) << PrintExpression(tree);
        }
        Expression adjusted{IdOf("within"),
                            {random.Uniform(0.01, 0.5), random.Uniform(0.01, 0.5)},
                            {std::move(tree), Parsed("mean(X)")}};
        tree = std::move(adjusted);
      }
    }
  }
}

}  // namespace
}  // namespace strata::expr
