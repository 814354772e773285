#include "search/finals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Finals, ThoseThatWereSelectedAreVerifiedWithTheirCopies) {
  std::vector<Candidate> candidates(4);
  for (int64_t id = 0; id < 4; ++id) candidates[static_cast<size_t>(id)].id = id;
  candidates[3].same_as = 1;
  Finals finals;
  EXPECT_TRUE(finals.round_is_over());
  EXPECT_THAT(finals.Begin({2, 0, 1}), ElementsAre(0, 1, 2));
  EXPECT_FALSE(finals.round_is_over());
  const EvaluateOutcome one{1.5, 0.7}, two{2.5, 0.71};
  finals.Tell({2, Rung::kSelect, {}}, &two, "", &candidates);
  finals.Tell({1, Rung::kSelect, {}}, &one, "", &candidates);
  finals.Tell({0, Rung::kSelect, {}}, nullptr, "lost", &candidates);
  EXPECT_TRUE(finals.round_is_over());
  EXPECT_EQ(candidates[3].selection_nll, 1.5);
  EXPECT_EQ(candidates[0].failure, "selection: lost");
  EXPECT_THAT(finals.NextRound(), ElementsAre(1, 2));
  finals.Tell({1, Rung::kVerify, {}}, &two, "", &candidates);
  finals.Tell({2, Rung::kVerify, {}}, nullptr, "gone", &candidates);
  EXPECT_TRUE(finals.round_is_over());
  EXPECT_EQ(candidates[3].report_nll, 2.5);
  EXPECT_EQ(candidates[1].achieved_sparsity, 0.71);
  EXPECT_EQ(candidates[2].failure, "verification: gone");
  EXPECT_THAT(finals.NextRound(), IsEmpty());
}

}  // namespace
}  // namespace strata::search
