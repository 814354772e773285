#include "cli/shared/work_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using ::testing::ElementsAre;

TEST(WorkProgressTest, TheTimeLeftFollowsFromWhatThisSittingDid) {
  EXPECT_THAT(WorkProgressParts("solving", 0, 0.25, 60),
              ElementsAre("25.0 %", "3:00 left", "solving"));
  EXPECT_THAT(WorkProgressParts("solving", 0.5, 0.75, 60),
              ElementsAre("75.0 %", "1:00 left", "solving"));
  EXPECT_THAT(WorkProgressParts("solving", 0.5, 0.5, 0), ElementsAre("50.0 %", "solving"));
  EXPECT_THAT(WorkProgressParts("solving", 0, 1, 9),
              ElementsAre("100.0 %", "0:00 left", "solving"));
}

}  // namespace
}  // namespace strata::cli
