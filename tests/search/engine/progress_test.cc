#include "search/engine/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::search {
namespace {

Candidate Measured(int64_t id, double loss, int nodes, std::vector<double> measures = {}) {
  Candidate candidate;
  candidate.id = id;
  candidate.fitness_nll = loss;
  candidate.complexity = nodes;
  candidate.measures = std::move(measures);
  candidate.allocation = {0.5, 0.5};
  return candidate;
}

TEST(ObjectivesOf, FollowsTheNames) {
  const Candidate candidate = Measured(0, 3.5, 7, {0.25, 9});
  EXPECT_EQ(ObjectivesOf(candidate, {kLoss, kComplexity}), (Objectives{3.5, 7}));
  EXPECT_EQ(ObjectivesOf(candidate, {kLoss, kZeroShotError, kComplexity, "other"}),
            (Objectives{3.5, 0.25, 7, 9}));
  EXPECT_EQ(ObjectivesOf(Candidate(), {kLoss}), std::nullopt);
  EXPECT_EQ(NodeObjective({kLoss, kZeroShotError, kComplexity}), 2);
  EXPECT_EQ(NodeObjective({kLoss}), -1);
}

TEST(SearchProgress, TheHypervolumeReachesToTheFirstResult) {
  EngineOptions options;
  options.strategy.variation.maximum_nodes = 10;
  options.epsilon = 0;
  SearchProgress progress(options);
  EXPECT_EQ(progress.hypervolume(), 0);
  progress.Add(Measured(0, 5, 1));  // the reference: loss 5, 11 nodes
  EXPECT_EQ(progress.hypervolume(), 0);
  progress.Add(Measured(1, 3, 6));
  EXPECT_DOUBLE_EQ(progress.hypervolume(), 2 * 5);
  progress.Add(Measured(2, 4, 4));
  EXPECT_DOUBLE_EQ(progress.hypervolume(), 2 * 5 + 1 * 2);
}

TEST(SearchProgress, TheHypervolumeReachesToAnErrorOfOne) {
  EXPECT_EQ(HypervolumeReference({5, 0, 3}, {kLoss, kZeroShotError, kComplexity}, 11),
            (Objectives{5, 1, 11}));
  EngineOptions options;
  options.strategy.variation.maximum_nodes = 10;
  options.objectives = {kLoss, kZeroShotError, kComplexity};
  options.epsilon = 0;
  SearchProgress progress(options);
  progress.Add(Measured(0, 5, 1, {0.25}));
  progress.Add(Measured(1, 3, 6, {0.5}));
  EXPECT_DOUBLE_EQ(progress.hypervolume(), 2 * 0.5 * 5);
}

TEST(SearchProgress, CountsEvaluationsThatChangedNothing) {
  SearchProgress progress({});
  progress.Add(Measured(0, 5, 3));
  EXPECT_EQ(progress.idle_evaluations(), 0);
  progress.Add(Measured(1, 6, 3));
  Candidate copy = Measured(2, 6, 3);
  copy.same_as = 1;
  progress.Add(copy);
  Candidate infeasible;
  infeasible.failure = "infeasible";
  progress.Add(infeasible);
  EXPECT_EQ(progress.idle_evaluations(), 1);
  progress.Add(Measured(4, 4, 3));
  EXPECT_EQ(progress.idle_evaluations(), 0);
}

TEST(PhaseText, SaysHowManyFeaturesAreKnownUntilAllAre) {
  EXPECT_EQ(PhaseText(Phase::kSearching, {64, 3}), "features 3/64");
  EXPECT_EQ(PhaseText(Phase::kSearching, {64, 64}), "search");
  // Features of candidates that were dropped are no longer measured.
  EXPECT_EQ(PhaseText(Phase::kVerifying, {64, 60}), "verify");
}

}  // namespace
}  // namespace strata::search
