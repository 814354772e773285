#include "expr/n_of_m.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<std::vector<double>> Rounded(std::vector<double> wanted,
                                            const std::vector<int64_t>& sizes, int group,
                                            const AllocationTarget& target) {
  KernelScratch kernels(wanted.size());
  NOfMScratch scratch;
  absl::Status status = RoundToGroups(sizes, group, target, kernels, scratch, wanted);
  if (!status.ok()) return status;
  return wanted;
}

std::string ErrorOf(std::vector<double> wanted, const std::vector<int64_t>& sizes, int group,
                    const AllocationTarget& target) {
  const absl::Status status = Rounded(std::move(wanted), sizes, group, target).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  return std::string(status.message());
}

TEST(RoundToGroups, GivesTheLargestRemainders) {
  // 8 * (0.6875, 0.45, 0.3625) = 5.5, 3.6, 2.9: rounded down 10 of 12, and two more.
  EXPECT_THAT(*Rounded({0.6875, 0.45, 0.3625}, {5, 5, 5}, 8, {0.5}),
              ElementsAre(0.625, 0.5, 0.375));
}

TEST(RoundToGroups, DealsEqualsEvenlyOverDepth) {
  EXPECT_THAT(*Rounded({0.5, 0.5, 0.5, 0.5}, {3, 3, 3, 3}, 4, {0.5625}),
              ElementsAre(0.5, 0.5, 0.75, 0.5));
  EXPECT_THAT(*Rounded(std::vector<double>(6, 0.625), std::vector<int64_t>(6, 3), 4, {0.625}),
              ElementsAre(0.5, 0.75, 0.5, 0.75, 0.5, 0.75));
  // Only those that want the same are dealt evenly: the last two want more.
  EXPECT_THAT(*Rounded({0.6, 0.6, 0.6, 0.6, 0.7, 0.7}, std::vector<int64_t>(6, 3), 4, {0.625}),
              ElementsAre(0.5, 0.5, 0.75, 0.5, 0.75, 0.75));
}

// Ten blocks of four square linears and three of another size, as in the models of issue 21.
TEST(RoundToGroups, UniformFavoursNeitherEndNorSize) {
  std::vector<int64_t> sizes;
  for (int i = 0; i < 70; ++i) sizes.push_back(i % 7 < 4 ? 64 * 64 : 64 * 172);
  for (const double sparsity : {0.6, 0.55, 0.7}) {
    const absl::StatusOr<std::vector<double>> rounded =
        Rounded(std::vector<double>(70, sparsity), sizes, 4, {sparsity});
    ASSERT_TRUE(rounded.ok()) << sparsity << ": " << rounded.status();
    double zeros[2][2] = {};  // of each half of the model, by size
    double weights[2][2] = {};
    for (size_t i = 0; i < 70; ++i) {
      const auto size = static_cast<double>(sizes[i]);
      zeros[i / 35][i % 7 < 4] += (*rounded)[i] * size;
      weights[i / 35][i % 7 < 4] += size;
      EXPECT_LE(std::fabs((*rounded)[i] - sparsity), 0.25);
    }
    EXPECT_NEAR((zeros[0][0] + zeros[0][1] + zeros[1][0] + zeros[1][1]) /
                    (weights[0][0] + weights[0][1] + weights[1][0] + weights[1][1]),
                sparsity, 1e-12);
    for (const int half : {0, 1}) {
      for (const int size : {0, 1}) {
        EXPECT_NEAR(zeros[half][size] / weights[half][size], sparsity, 0.025)
            << sparsity << " half " << half << " size " << size;
      }
    }
  }
}

// Three sizes take the dynamic programme's table, where ties between sizes are dealt evenly too.
TEST(RoundToGroups, SeveralSizesShareEqualSteps) {
  std::vector<int64_t> sizes;
  for (int i = 0; i < 60; ++i) sizes.push_back(std::vector<int64_t>{2, 4, 8}[i % 3]);
  const std::vector<double> rounded = *Rounded(std::vector<double>(60, 0.6), sizes, 4, {0.6});
  double means[3] = {};
  for (size_t i = 0; i < 60; ++i) means[i % 3] += rounded[i] / 20;
  for (const double mean : means) EXPECT_NEAR(mean, 0.6, 0.0125);
}

TEST(RoundToGroups, NamesWhatCanBeReached) {
  EXPECT_EQ(
      ErrorOf({0.7, 0.7}, {1, 1}, 4, {0.7}),
      "no whole n of 4 give the mean sparsity 0.7; the nearest that they reach are 0.625 below "
      "and 0.75 above");
  EXPECT_EQ(
      ErrorOf({0.7}, {1}, 4, {0.7, 0.6}),
      "no whole n of 4 give the mean sparsity 0.7; the nearest that they reach are none below "
      "and 0.75 above");
  EXPECT_EQ(ErrorOf({0.3}, {1}, 4, {0.3, 0.26, 0.4}), "no whole n of 4 lies within [0.26, 0.4]");
  // 1 of 32: sizes 3 and 5 give 0, 3, 5, 6, ...
  EXPECT_EQ(
      ErrorOf({0.03125, 0.03125}, {3, 5}, 4, {0.03125}),
      "no whole n of 4 give the mean sparsity 0.03125; the nearest that they reach are 0 below "
      "and 0.09375 above");
}

TEST(RoundToGroups, RefusesWhatWouldTakeTooLong) {
  std::vector<int64_t> sizes;
  for (int i = 0; i < 40; ++i) sizes.push_back(1000003 + 2 * i);
  EXPECT_THAT(ErrorOf(std::vector<double>(40, 0.5), sizes, 8, {0.5}),
              HasSubstr("more than the 50000000 cells"));
  EXPECT_THAT(ErrorOf({0.5, 0.5}, {int64_t{1} << 50, 1}, 8, {0.5}),
              HasSubstr("more than whole n of 8 can be counted for exactly"));
}

struct Optimum {
  double cost = INFINITY;
  std::set<int64_t> sums;  // that any choice reaches
};

// By trying everything.
Optimum Enumerate(const std::vector<double>& wanted, const std::vector<int64_t>& sizes, int group,
                  const AllocationTarget& target, int64_t needed) {
  Optimum optimum;
  const std::function<void(size_t, int64_t, double)> visit = [&](size_t i, int64_t sum,
                                                                 double cost) {
    if (i == sizes.size()) {
      optimum.sums.insert(sum);
      if (sum == needed) optimum.cost = std::min(optimum.cost, cost);
      return;
    }
    for (int n = 0; n <= group; ++n) {
      const double value = static_cast<double>(n) / group;
      if (value < target.minimum || value > target.maximum) continue;
      const double distance = value - wanted[i];
      visit(i + 1, sum + n * sizes[i], cost + static_cast<double>(sizes[i]) * distance * distance);
    }
  };
  visit(0, 0, 0);
  return optimum;
}

TEST(RoundToGroups, IsTheNearestOfAllChoices) {
  MersenneTwister random(5);
  int feasible = 0;
  int infeasible = 0;
  for (int round = 0; round < 3000; ++round) {
    const size_t units = 1 + random.Below(6);
    const uint64_t kinds = 1 + random.Below(5);
    std::vector<int64_t> kind_sizes(kinds);
    for (int64_t& size : kind_sizes) size = 6 * (1 + static_cast<int64_t>(random.Below(20)));
    std::vector<int64_t> sizes(units);
    for (int64_t& size : sizes) size = kind_sizes[random.Below(kinds)];
    const int group = 4;
    int64_t total = 0;
    for (const int64_t size : sizes) total += size;
    // A third of the targets are reached by some n; others by none, or by chance.
    int64_t needed = 0;
    if (random.Below(3) == 0) {
      needed = 1 + static_cast<int64_t>(random.Below(static_cast<uint64_t>(total * group - 1)));
    } else {
      for (const int64_t size : sizes) needed += size * static_cast<int64_t>(random.Below(5));
      if (needed == 0 || needed == total * group) continue;
    }
    AllocationTarget target{static_cast<double>(needed) / static_cast<double>(total * group)};
    target.minimum = random.Below(2) == 0 ? 0 : random.Uniform(0, target.sparsity);
    target.maximum = std::max(random.Below(2) == 0 ? 0.99 : random.Uniform(target.sparsity, 0.99),
                              target.sparsity);
    if (target.sparsity > 0.99) continue;
    std::vector<double> wanted(units);
    for (double& value : wanted) {
      value = random.Below(4) == 0 ? 0.5 : random.Uniform(target.minimum, target.maximum);
    }
    const Optimum optimum = Enumerate(wanted, sizes, group, target, needed);
    const absl::StatusOr<std::vector<double>> rounded = Rounded(wanted, sizes, group, target);
    if (optimum.cost == INFINITY) {
      ++infeasible;
      ASSERT_EQ(rounded.status().code(), absl::StatusCode::kFailedPrecondition);
      if (optimum.sums.empty()) continue;
      const auto above = optimum.sums.upper_bound(needed);
      const auto name = [&](bool exists, auto sum) {
        return exists ? fmt::format("{}", static_cast<double>(*sum / 6) /
                                              static_cast<double>(total / 6 * group))
                      : std::string("none");
      };
      const std::string expected =
          fmt::format("reach are {} below and {} above",
                      above == optimum.sums.begin() ? "none" : name(true, std::prev(above)),
                      name(above != optimum.sums.end(), above));
      ASSERT_THAT(std::string(rounded.status().message()), HasSubstr(expected));
      continue;
    }
    ++feasible;
    ASSERT_TRUE(rounded.ok()) << std::string(rounded.status().message());
    int64_t sum = 0;
    double cost = 0;
    for (size_t i = 0; i < units; ++i) {
      const double n = (*rounded)[i] * group;
      ASSERT_EQ(n, std::round(n));
      ASSERT_TRUE((*rounded)[i] >= target.minimum && (*rounded)[i] <= target.maximum);
      sum += static_cast<int64_t>(n) * sizes[i];
      cost +=
          static_cast<double>(sizes[i]) * ((*rounded)[i] - wanted[i]) * ((*rounded)[i] - wanted[i]);
    }
    ASSERT_EQ(sum, needed);
    ASSERT_NEAR(cost, optimum.cost, 1e-12 * static_cast<double>(total));
  }
  EXPECT_GT(feasible, 1000);
  EXPECT_GT(infeasible, 200);
}

// The linears of LLaMA-2-7B: two sizes, 32 blocks of seven.
TEST(RoundToGroups, TakesTheLinearsOfALargeModel) {
  std::vector<int64_t> sizes;
  std::vector<double> wanted;
  MersenneTwister random(6);
  for (int block = 0; block < 32; ++block) {
    for (int linear = 0; linear < 7; ++linear) {
      sizes.push_back(linear < 4 ? 4096 * 4096 : 4096 * 11008);
      wanted.push_back(random.Uniform(0.5, 1));
    }
  }
  const std::vector<double> rounded = *Rounded(wanted, sizes, 8, {0.75});
  int64_t zeros = 0;
  int64_t total = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    zeros += static_cast<int64_t>(rounded[i] * 8) * sizes[i];
    total += sizes[i];
  }
  EXPECT_EQ(zeros, 6 * total);
}

TEST(RoundToGroups, NmOfEqualUnitsIsSpanRounded) {
  FeatureTable table(SquareBlocks({9, 9, 9, 9}));
  ASSERT_TRUE(table.Add("mean(W)", {1, 2, 3, 4}).ok());
  // span: 0.5 -+ 0.125, -+ 0.041667; times 8: 3, 3.67, 4.33, 5.
  EXPECT_THAT(*EvaluateAllocation(Parsed("nm(mean(W), 0.125, 8)"), table, {0.5}),
              ElementsAre(0.375, 0.5, 0.5, 0.625));
}

}  // namespace
}  // namespace strata::expr
