#include "workers/worker/backoff.h"

#include <gtest/gtest.h>

namespace strata::workers {
namespace {

TEST(BackoffTest, DoublesToTheLongestAndBeginsAgain) {
  Backoff backoff(0.5, 6, 1);
  for (const double whole : {0.5, 1.0, 2.0, 4.0, 6.0, 6.0}) {
    const double pause = backoff.NextSeconds();
    EXPECT_GE(pause, whole / 2);
    EXPECT_LE(pause, whole);
  }
  backoff.Reset();
  EXPECT_LE(backoff.NextSeconds(), 0.5);
}

TEST(BackoffTest, WorkersDoNotComeBackTogether) {
  Backoff one(1, 1, 1), other(1, 1, 2);
  one.NextSeconds();  // the first ones of near seeds are near each other
  other.NextSeconds();
  EXPECT_NE(one.NextSeconds(), other.NextSeconds());
}

}  // namespace
}  // namespace strata::workers
