#include "search/engine/feature_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/search/simulation.h"

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class FeatureScheduleTest : public ::testing::Test {
 protected:
  // Returns the first feature and the turn of every work item.
  std::vector<std::pair<std::string, int64_t>> Schedule(
      const std::vector<std::vector<std::string>>& of_seeds, const std::vector<std::string>& pool,
      int64_t maximum_evaluations = 0) {
    CandidateResolver resolver(&scenarios_);
    std::vector<std::pair<std::string, int64_t>> turns;
    for (const ScheduledFeatures& scheduled :
         ScheduleFeatures(of_seeds, pool, maximum_evaluations, &resolver)) {
      turns.emplace_back(scheduled.work.features.front(), scheduled.asker);
    }
    return turns;
  }

  const EngineOptions options_ = SmallOptions(1, 10);
  const Scenarios scenarios_{options_, SyntheticLayout()};
};

TEST_F(FeatureScheduleTest, CheapFeaturesHaveTheirTurnWithTheFirstWhoNeedsThem) {
  EXPECT_THAT(Schedule({{}, {"var(W)"}, {"var(WX)", "var(W)"}, {"mean(W)"}}, {}),
              ElementsAre(Pair("var(W)", 1), Pair("var(WX)", 2)));
}

TEST_F(FeatureScheduleTest, WhatTakesLongIsBegunHalfWayBefore) {
  std::vector<std::vector<std::string>> of_seeds(20);
  of_seeds[10] = {"slope"};
  of_seeds[18] = {"distortion"};
  EXPECT_THAT(Schedule(of_seeds, {}), ElementsAre(Pair("slope", 5), Pair("distortion", 9)));
  // The search may end before candidate 18 is measured.
  EXPECT_THAT(Schedule(of_seeds, {}, 12), ElementsAre(Pair("slope", 5), Pair("distortion", 18)));
}

TEST_F(FeatureScheduleTest, ThePoolIsSpreadOverTheSecondHalfOfTheSeeds) {
  const std::vector<std::vector<std::string>> of_seeds(8, {"var(W)"});
  EXPECT_THAT(Schedule(of_seeds, {"var(W)", "var(X)", "var(WX)"}),
              ElementsAre(Pair("var(W)", 0), Pair("var(WX)", 4), Pair("var(X)", 6)));
  EXPECT_THAT(Schedule({}, {"var(W)"}), ElementsAre(Pair("var(W)", 0)));
}

}  // namespace
}  // namespace strata::search
