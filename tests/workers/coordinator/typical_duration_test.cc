#include "workers/coordinator/typical_duration.h"

#include <gtest/gtest.h>

#include "tests/workers/coordinator/fake_session.h"

namespace strata::workers {
namespace {

TEST(TypicalDurationTest, TheMedianOfTheLastOfItsKind) {
  TypicalDuration durations;
  const search::WorkItem item = MakeFakeItem(0).item;
  search::WorkItem verify = item;
  std::get<search::EvaluateWork>(verify.work).stage = search::Stage::kVerify;
  const search::WorkItem profile = {1, search::ProfileWork{}};
  durations.Add(item, 1);
  durations.Add(item, 100);
  EXPECT_FALSE(durations.Of(item).has_value());
  durations.Add(item, 3);
  EXPECT_EQ(durations.Of(item), 3);
  EXPECT_FALSE(durations.Of(verify).has_value());
  // A feature that takes long is no reason to have it measured twice.
  for (size_t i = 0; i < TypicalDuration::kEnough; ++i) durations.Add(profile, 1);
  EXPECT_FALSE(durations.Of(profile).has_value());
  for (size_t i = 0; i < TypicalDuration::kRemembered; ++i) durations.Add(item, 7);
  EXPECT_EQ(durations.Of(item), 7);
}

}  // namespace
}  // namespace strata::workers
