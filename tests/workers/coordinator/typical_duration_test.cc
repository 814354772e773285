#include "workers/coordinator/typical_duration.h"

#include <gtest/gtest.h>

#include "tests/workers/coordinator/fake_session.h"

namespace strata::workers {
namespace {

TEST(TypicalDurationTest, TheMedianOfTheLastOfItsKind) {
  TypicalDuration durations;
  const search::Task task = MakeFakeTask(0).task;
  search::Task verify = task;
  std::get<search::EvaluateTask>(verify.work).rung = search::Rung::kVerify;
  const search::Task profile = {1, search::ProfileTask{}};
  durations.Add(task, 1);
  durations.Add(task, 100);
  EXPECT_FALSE(durations.Of(task).has_value());
  durations.Add(task, 3);
  EXPECT_EQ(durations.Of(task), 3);
  EXPECT_FALSE(durations.Of(verify).has_value());
  EXPECT_FALSE(durations.Of(profile).has_value());
  for (size_t i = 0; i < TypicalDuration::kRemembered; ++i) durations.Add(task, 7);
  EXPECT_EQ(durations.Of(task), 7);
}

}  // namespace
}  // namespace strata::workers
