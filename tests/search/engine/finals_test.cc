#include "search/engine/finals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Candidate WithScenarios(int64_t id, size_t scenarios) {
  Candidate candidate;
  candidate.id = id;
  candidate.scenarios.resize(scenarios);
  return candidate;
}

TEST(Finals, ThoseThatWereSelectedAreVerifiedWithTheirCopies) {
  CandidateList candidates;
  for (int64_t id = 0; id < 4; ++id) candidates.Add(WithScenarios(id, 0));
  candidates.Change(3).same_as = 1;
  candidates.TakeChanged();
  Finals finals;
  EXPECT_TRUE(finals.round_is_over());
  EXPECT_THAT(finals.Begin({2, 0, 1}), ElementsAre(0, 1, 2));
  EXPECT_FALSE(finals.round_is_over());
  const ScenarioOutcome one{.combined = {1.5, 0.7}}, two{.combined = {2.5, 0.71}};
  finals.Tell(2, Stage::kSelect, two, &candidates);
  finals.Tell(1, Stage::kSelect, one, &candidates);
  finals.Tell(0, Stage::kSelect, {.failure = "lost"}, &candidates);
  EXPECT_TRUE(finals.round_is_over());
  EXPECT_EQ(candidates[3].selection_nll, 1.5);
  EXPECT_THAT(candidates.TakeChanged(), UnorderedElementsAre(0, 1, 2, 3));
  EXPECT_EQ(candidates[0].failure, "selection: lost");
  EXPECT_THAT(finals.NextRound(), ElementsAre(1, 2));
  finals.Tell(1, Stage::kVerify, two, &candidates);
  finals.Tell(2, Stage::kVerify, {.failure = "gone"}, &candidates);
  EXPECT_TRUE(finals.round_is_over());
  EXPECT_EQ(candidates[3].report_nll, 2.5);
  EXPECT_EQ(candidates[1].achieved_sparsity, 0.71);
  EXPECT_EQ(candidates[2].failure, "verification: gone");
  EXPECT_THAT(finals.NextRound(), IsEmpty());
}

TEST(Finals, EveryScenarioKeepsItsLosses) {
  CandidateList candidates;
  for (int64_t id = 0; id < 2; ++id) candidates.Add(WithScenarios(id, 2));
  candidates.Change(1).same_as = 0;
  Finals finals;
  finals.Begin({0});
  finals.Tell(0, Stage::kSelect, {.combined = {3, 0.7}, .nll = {1, 2}, .achieved = {0.7, 0.5}},
              &candidates);
  finals.NextRound();
  finals.Tell(0, Stage::kVerify, {.combined = {4, 0.7}, .nll = {5, 6}, .achieved = {0.71, 0.51}},
              &candidates);
  for (const Candidate& candidate : candidates.all()) {
    EXPECT_EQ(candidate.selection_nll, 3);
    EXPECT_EQ(candidate.scenarios[1].selection_nll, 2);
    EXPECT_EQ(candidate.report_nll, 4);
    EXPECT_EQ(candidate.scenarios[1].report_nll, 6);
    EXPECT_EQ(candidate.scenarios[1].achieved_sparsity, 0.51);
  }
}

}  // namespace
}  // namespace strata::search
