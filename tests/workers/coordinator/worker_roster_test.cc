#include "workers/coordinator/worker_roster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::workers {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(WorkerRoster, ThoseThatTakeWorkItemsAreAvailable) {
  WorkerRoster roster;
  roster.Add(1, {"ann", {0}});
  roster.Add(2, {"bob", {0, 1}});
  EXPECT_THAT(roster.Available(), ElementsAre("ann", "bob"));
  roster.SetSilent(1, true);
  EXPECT_THAT(roster.Available(), ElementsAre("bob"));
  roster.SetSilent(1, false);
  roster.SetDraining(2, true);
  EXPECT_THAT(roster.Available(), ElementsAre("ann"));
  roster.SetDraining(2, false);
  roster.SendAway(1);
  EXPECT_THAT(roster.Available(), ElementsAre("bob"));
  EXPECT_EQ(roster.Remove(2)->name, "bob");
  EXPECT_THAT(roster.Available(), IsEmpty());
  roster.Add(3, {"bob", {1}});
  EXPECT_THAT(roster.Available(), ElementsAre("bob"));
}

TEST(WorkerRoster, KnowsWhoIsThereAndWhatTheyHold) {
  WorkerRoster roster;
  EXPECT_TRUE(roster.empty());
  EXPECT_FALSE(roster.Remove(1));
  roster.Add(1, {"ann", {0}});
  roster.Add(2, {"bob", {1}});
  EXPECT_EQ(roster.size(), 2);
  EXPECT_EQ(roster.StreamOf("bob"), 2);
  EXPECT_EQ(roster.StreamOf("eve"), std::nullopt);
  EXPECT_TRUE(roster.IsHeld(1));
  roster.Remove(2);
  EXPECT_FALSE(roster.IsHeld(1));
  EXPECT_FALSE(roster.contains(2));
}

}  // namespace
}  // namespace strata::workers
