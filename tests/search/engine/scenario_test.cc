#include "search/engine/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::search {
namespace {

using ::testing::ElementsAre;

TEST(Scenario, NamesOfAggregatesReadBack) {
  for (const Aggregate aggregate : {Aggregate::kMean, Aggregate::kWorst, Aggregate::kPareto}) {
    ASSERT_NE(FindAggregate(NameOf(aggregate)), nullptr);
    EXPECT_EQ(*FindAggregate(NameOf(aggregate)), aggregate);
  }
  EXPECT_EQ(FindAggregate("median"), nullptr);
}

TEST(Scenario, LossesOfScenariosHaveNames) {
  EXPECT_EQ(ScenarioOfLossName(ScenarioLossName(3)), 3);
  for (const char* name : {"loss", "loss@", "loss@x", "loss@1x", "complexity"}) {
    EXPECT_EQ(ScenarioOfLossName(name), -1) << name;
  }
}

TEST(Scenario, ParetoMakesAnObjectiveOfEveryScenario) {
  const std::vector<std::string> asked = {"loss", "complexity"};
  EXPECT_EQ(ScenarioObjectives(asked, Aggregate::kMean, 3), asked);
  EXPECT_EQ(ScenarioObjectives(asked, Aggregate::kPareto, 1), asked);
  EXPECT_THAT(ScenarioObjectives(asked, Aggregate::kPareto, 2),
              ElementsAre("loss@0", "loss@1", "complexity"));
}

}  // namespace
}  // namespace strata::search
