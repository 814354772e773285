#include "cli/shared/work_progress.h"

#include <gtest/gtest.h>

namespace strata::cli {
namespace {

TEST(WorkProgressTest, TheTimeLeftFollowsFromWhatThisSittingDid) {
  EXPECT_EQ(WorkProgressLine("solving", 0, 0.25, 60), "solving 25.0 % | 3:00 left");
  EXPECT_EQ(WorkProgressLine("solving", 0.5, 0.75, 60), "solving 75.0 % | 1:00 left");
  EXPECT_EQ(WorkProgressLine("solving", 0.5, 0.5, 0), "solving 50.0 %");
  EXPECT_EQ(WorkProgressLine("solving", 0, 1, 9), "solving 100.0 % | 0:00 left");
}

}  // namespace
}  // namespace strata::cli
