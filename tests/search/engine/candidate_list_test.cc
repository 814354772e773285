#include "search/engine/candidate_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Candidate Numbered(int64_t id) {
  Candidate candidate;
  candidate.id = id;
  candidate.scenarios.resize(2);
  return candidate;
}

CandidateList Four() {
  CandidateList list;
  for (int64_t id = 0; id < 4; ++id) list.Add(Numbered(id));
  list.TakeChanged();
  return list;
}

TEST(CandidateList, ChangesAreTakenOnce) {
  CandidateList list;
  list.Add(Numbered(0));
  list.Add(Numbered(1));
  EXPECT_THAT(list.TakeChanged(), UnorderedElementsAre(0, 1));
  EXPECT_THAT(list.TakeChanged(), IsEmpty());
  list.Change(1).complexity = 3;
  list.Change(1).complexity = 4;
  EXPECT_THAT(list.TakeChanged(), ElementsAre(1));
  EXPECT_EQ(list[1].complexity, 4);
}

TEST(CandidateList, CopiesGetWhatWasMeasured) {
  CandidateList list = Four();
  list.Change(2).same_as = 1;
  list.Change(3).same_as = 1;
  list.CopyLater(2);
  list.CopyLater(3);
  list.TakeChanged();
  ScenarioOutcome result;
  result.combined.mean_nll = 2.5;
  result.combined.measures = {{kZeroShotError, 0.25}, {"x", 1}};
  result.nll = {2, 3};
  result.achieved = {0.5, 0.75};
  list.SetFitness(1, result, {kLoss, kComplexity, kZeroShotError});
  EXPECT_THAT(list.TakeChanged(), ElementsAre(1));
  EXPECT_THAT(list.CopyToAll(0), IsEmpty());
  EXPECT_THAT(list.CopyToAll(1), ElementsAre(2, 3));
  EXPECT_THAT(list.CopyToAll(1), IsEmpty());
  EXPECT_THAT(list.TakeChanged(), UnorderedElementsAre(2, 3));
  for (const int64_t id : {1, 2, 3}) {
    EXPECT_EQ(list[id].fitness_nll, 2.5);
    EXPECT_THAT(list[id].measures, ElementsAre(0.25));
    EXPECT_EQ(list[id].scenarios[1].fitness_nll, 3);
    EXPECT_EQ(list[id].scenarios[1].achieved_sparsity, 0.75);
  }
  EXPECT_FALSE(list[0].fitness_nll);
}

TEST(CandidateList, CopiesOfAFailureSayWhose) {
  CandidateList list = Four();
  list.Change(0).failure = "lost";
  list.Change(3).same_as = 0;
  list.CopyResult(3);
  EXPECT_EQ(list[3].failure, "same allocation as candidate 0, which failed: lost");
}

TEST(CandidateList, NothingIsLeftOfWhatWasDropped) {
  CandidateList list = Four();
  list.Change(1).same_as = 0;
  list.Change(3).same_as = 0;
  list.CopyLater(1);
  list.CopyLater(3);
  list.Truncate(7);
  EXPECT_EQ(list.count(), 4);
  list.Truncate(2);
  EXPECT_EQ(list.count(), 2);
  EXPECT_THAT(list.TakeChanged(), ElementsAre(1));
  EXPECT_THAT(list.CopyToAll(0), ElementsAre(1));
}

}  // namespace
}  // namespace strata::search
