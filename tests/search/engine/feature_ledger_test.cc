#include "search/engine/feature_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(FeatureLedger, AsksForEachFeatureOnce) {
  FeatureLedger ledger(expr::SquareBlocks({1, 1}));
  EXPECT_THAT(ledger.TakeUnasked({"a", "b"}), ElementsAre("a", "b"));
  EXPECT_THAT(ledger.TakeUnasked({"b", "c"}), ElementsAre("c"));
  EXPECT_THAT(ledger.TakeUnasked({"a", "b", "c"}), IsEmpty());
  EXPECT_FALSE(ledger.AreSettled({"a"}));
  EXPECT_FALSE(ledger.AreSettled({"never asked for"}));
  EXPECT_TRUE(ledger.AreSettled({}));
}

TEST(FeatureLedger, MeasuredFeaturesAreInTheTable) {
  FeatureLedger ledger(expr::SquareBlocks({1, 1}));
  ledger.TakeUnasked({"a", "b"});
  const auto retry = ledger.Settle({"a", "b"}, ProfileOutcome{{{1, 2}, {3, 4}}});
  ASSERT_TRUE(retry.ok());
  EXPECT_THAT(*retry, IsEmpty());
  EXPECT_TRUE(ledger.AreSettled({"a", "b"}));
  EXPECT_EQ(ledger.FailureAmong({"a", "b"}), "");
  ASSERT_NE(ledger.table().Find("b"), nullptr);
  EXPECT_THAT(*ledger.table().Find("b"), ElementsAre(3, 4));
}

TEST(FeatureLedger, AFailureOfSeveralIsNarrowedDown) {
  FeatureLedger ledger(expr::SquareBlocks({1, 1}));
  ledger.TakeUnasked({"a", "b"});
  const auto retry = ledger.Settle({"a", "b"}, FailedOutcome{"crashed"});
  ASSERT_TRUE(retry.ok());
  EXPECT_THAT(*retry, ElementsAre("a", "b"));
  EXPECT_FALSE(ledger.AreSettled({"a"}));
  ASSERT_TRUE(ledger.Settle({"a"}, ProfileOutcome{{{1, 2}}}).ok());
  const auto last = ledger.Settle({"b"}, FailedOutcome{"crashed"});
  ASSERT_TRUE(last.ok());
  EXPECT_THAT(*last, IsEmpty());
  EXPECT_TRUE(ledger.AreSettled({"a", "b"}));
  EXPECT_EQ(ledger.FailureAmong({"a"}), "");
  EXPECT_THAT(ledger.FailureAmong({"a", "b"}), HasSubstr("b was not measured: crashed"));
  EXPECT_EQ(ledger.table().Find("b"), nullptr);
}

}  // namespace
}  // namespace strata::search
