#include "search/refinement/refinement_start.h"

#include <gtest/gtest.h>

namespace strata::search {
namespace {

const expr::UnitLayout kLayout = expr::SquareBlocks({100, 100, 200});

Candidate Made(int64_t id, const char* origin, expr::Allocation allocation,
               std::optional<double> selection_nll) {
  Candidate candidate;
  candidate.id = id;
  candidate.lineage.origin = origin;
  candidate.allocation = std::move(allocation);
  candidate.fitness_nll = 1;
  candidate.selection_nll = selection_nll;
  return candidate;
}

std::optional<StartingPoint> Start(RefinementStart start, const std::vector<Candidate>& candidates,
                                   int group = 0) {
  const auto found = StartOf(start, candidates, kLayout, {.sparsity = 0.5, .group = group});
  EXPECT_TRUE(found.ok()) << found.status();
  return *found;
}

TEST(RefinementStartTest, TheBestTheBestBaselineOrUniform) {
  const std::vector<Candidate> candidates = {Made(0, "baseline", {0.4, 0.4, 0.6}, 3.5),
                                             Made(1, "baseline", {0.3, 0.5, 0.6}, 3.2),
                                             Made(2, "baseline", {0.5, 0.5, 0.5}, std::nullopt),
                                             Made(3, "mutation", {0.6, 0.6, 0.4}, 3.0)};
  EXPECT_EQ(Start(RefinementStart::kBest, candidates)->candidate, 3);
  EXPECT_EQ(Start(RefinementStart::kBest, candidates)->allocation, candidates[3].allocation);
  EXPECT_EQ(Start(RefinementStart::kBaseline, candidates)->candidate, 1);
  EXPECT_EQ(Start(RefinementStart::kUniform, candidates)->candidate, 2);
  EXPECT_EQ(Start(RefinementStart::kUniform, candidates)->allocation, expr::Allocation(3, 0.5));
}

TEST(RefinementStartTest, UniformNeedsNoCandidateAndStaysOnTheGrid) {
  EXPECT_FALSE(Start(RefinementStart::kBest, {}).has_value());
  const std::vector<Candidate> measured = {Made(0, "mutation", {0.4, 0.4, 0.6}, 3.5),
                                           Made(1, "baseline", {0.4, 0.5, 0.55}, std::nullopt)};
  EXPECT_FALSE(Start(RefinementStart::kBaseline, measured).has_value());
  EXPECT_EQ(Start(RefinementStart::kUniform, measured)->candidate, kNoCandidate);
  EXPECT_EQ(Start(RefinementStart::kUniform, measured, 4)->allocation, expr::Allocation(3, 0.5));
  const auto impossible =
      StartOf(RefinementStart::kUniform, measured, kLayout, {.sparsity = 0.55, .group = 2});
  EXPECT_EQ(impossible.status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace strata::search
