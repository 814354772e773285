#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/search_quality_problem.h"

namespace strata::bench {
namespace {

expr::Allocation Uneven(const Problem& problem) {
  expr::Allocation allocation;
  for (size_t i = 0; i < problem.layout().size(); ++i) {
    allocation.push_back(0.5 + 0.4 * std::sin(static_cast<double>(i)));
  }
  return allocation;
}

// Returns the derivative of the worth by one sparsity, by central differences.
double DifferenceQuotient(Problem* problem, expr::Allocation at, size_t unit) {
  constexpr double kStep = 1e-5;
  const double sparsity = at[unit];
  at[unit] = sparsity + kStep;
  const double above = *problem->Worth(at);
  at[unit] = sparsity - kStep;
  return (above - *problem->Worth(at)) / (2 * kStep);
}

TEST(SearchQualityLandscape, SlopesAreTheDerivativesOfTheWorth) {
  for (const bool linears : {false, true}) {
    const auto problem = MakeSyntheticProblem({.seed = 3, .roughness = 0.1, .linears = linears});
    const expr::Allocation at = Uneven(*problem);
    const std::vector<double> slopes = *problem->Slopes(at);
    ASSERT_EQ(slopes.size(), at.size());
    for (size_t i = 0; i < at.size(); ++i) {
      EXPECT_NEAR(slopes[i], DifferenceQuotient(problem.get(), at, i), 1e-6 * (1 + slopes[i]));
    }
  }
}

TEST(SearchQualityLandscape, RandomMovesOfSparsityFindNothingBelowTheLocalOptimum) {
  for (const bool linears : {false, true}) {
    const auto problem = MakeSyntheticProblem({.seed = 2, .linears = linears});
    const double optimum = LocalOptimum(problem.get());
    const expr::Allocation uniform(problem->layout().size(), problem->sparsity());
    EXPECT_LT(optimum, *problem->Worth(uniform));
    // Random moves between two units get near the optimum, but not below it.
    expr::Allocation best = uniform;
    double lowest = *problem->Worth(best);
    const std::vector<int64_t> parameters = expr::ParametersOf(problem->layout());
    uint64_t state = 1;
    const auto draw = [&] {
      state = state * 6364136223846793005u + 1442695040888963407u;
      return static_cast<size_t>(state >> 33) % best.size();
    };
    for (int i = 0; i < 60000; ++i) {
      const size_t from = draw(), to = draw();
      const double weights = 0.02 / (1 + i / 6000) * static_cast<double>(parameters[0]);
      expr::Allocation moved = best;
      moved[to] += weights / static_cast<double>(parameters[to]);
      moved[from] -= weights / static_cast<double>(parameters[from]);
      if (moved[to] > 0.98 || moved[from] < 0) continue;
      const double loss = *problem->Worth(moved);
      if (loss >= lowest) continue;
      lowest = loss;
      best = moved;
    }
    EXPECT_LT(optimum, lowest + 1e-6);
    EXPECT_GT(optimum, 3);
  }
}

TEST(SearchQualityLandscape, BlockwiseFeaturesAreEqualInAllLinearsOfABlock) {
  const auto problem = MakeSyntheticProblem({.seed = 1, .linears = true});
  const std::vector<double> values = *problem->Feature("blockwise(var(abslog(WX)))");
  const std::vector<double> own = *problem->Feature("var(abslog(WX))");
  const expr::UnitLayout& layout = problem->layout();
  ASSERT_EQ(values.size(), layout.size());
  for (size_t i = 1; i < layout.size(); ++i) {
    EXPECT_EQ(values[i] == values[i - 1], layout[i].block == layout[i - 1].block);
    EXPECT_NE(own[i], own[i - 1]);
  }
}

TEST(SearchQualityLandscape, RoughnessIsRepeatableAndNoPartOfTheWorth) {
  const auto smooth = MakeSyntheticProblem({.seed = 5});
  const auto rough = MakeSyntheticProblem({.seed = 5, .roughness = 0.1});
  const expr::Allocation at = Uneven(*smooth);
  EXPECT_EQ(*rough->Worth(at), *smooth->Loss(at));
  EXPECT_NE(*rough->Loss(at), *rough->Worth(at));
  EXPECT_EQ(*rough->Loss(at), *rough->Loss(at));
}

}  // namespace
}  // namespace strata::bench
