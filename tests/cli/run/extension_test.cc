#include "cli/run/extension.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr UsedBudget kUsed = {24, 10};

RunConfig Stored() {
  RunConfig stored;
  stored.run = "runs/x";
  stored.minutes = 30;
  stored.maximum_evaluations = 24;
  stored.finalists = 4;
  stored.refine_evaluations = 8;
  stored.stagnation = 5;
  return stored;
}

// Returns the error of an extension that sets one key; empty if it is allowed.
std::string ErrorOf(const RunConfig& stored, const std::string& key, const std::string& value) {
  RunConfig wanted;
  wanted.run = stored.run;
  EXPECT_TRUE(SetOption(key, value, "--set", &wanted).ok());
  return std::string(CheckExtension(wanted, stored, kUsed).message());
}

TEST(ExtensionTest, ASmallerBudgetIsRefused) {
  EXPECT_EQ(
      ErrorOf(Stored(), "search.maximum_evaluations", "12"),
      "--set: 'search.maximum_evaluations' is 12 but the run in 'runs/x' has 24: an extension "
      "never shortens a run, expected at least 24, or 0 for no limit");
  EXPECT_THAT(ErrorOf(Stored(), "search.minutes", "29.5"),
              AllOf(HasSubstr("29.5"), HasSubstr("at least 30")));
  EXPECT_THAT(ErrorOf(Stored(), "search.stagnation", "4"), HasSubstr("at least 5"));
  EXPECT_THAT(ErrorOf(Stored(), "search.finalists", "3"), ::testing::EndsWith("at least 4"));
  EXPECT_THAT(ErrorOf(Stored(), "refine.evaluations", "0"), HasSubstr("at least 8"));
}

TEST(ExtensionTest, TheSameALargerAndNoLimitAreAllowed) {
  for (const char* value : {"24", "25", "0"}) {
    EXPECT_EQ(ErrorOf(Stored(), "search.maximum_evaluations", value), "") << value;
  }
  EXPECT_EQ(ErrorOf(Stored(), "search.minutes", "0"), "");
  EXPECT_EQ(ErrorOf(Stored(), "search.stagnation", "0"), "");
  EXPECT_EQ(ErrorOf(Stored(), "search.finalists", "9"), "");
  EXPECT_EQ(ErrorOf(Stored(), "target_sparsity", "0.5"), "") << "only budgets are looked at";
}

TEST(ExtensionTest, ARunWithoutALimitIsNotLimitedBelowWhatItUsed) {
  RunConfig stored = Stored();
  stored.minutes = 0;
  stored.maximum_evaluations = 0;
  stored.stagnation = 0;
  EXPECT_THAT(ErrorOf(stored, "search.maximum_evaluations", "23"),
              AllOf(HasSubstr("0 (no limit)"), HasSubstr("at least 24")));
  EXPECT_EQ(ErrorOf(stored, "search.maximum_evaluations", "24"), "");
  EXPECT_THAT(ErrorOf(stored, "search.minutes", "9"), HasSubstr("at least 10"));
  EXPECT_EQ(ErrorOf(stored, "search.minutes", "10"), "");
  EXPECT_THAT(ErrorOf(stored, "search.stagnation", "100"), HasSubstr("expected 0, no limit"));
}

// A budget that is not given is the run's own.
TEST(ExtensionTest, BudgetsThatAreNotGivenAreNotCompared) {
  RunConfig wanted;
  wanted.finalists = 1;
  EXPECT_TRUE(CheckExtension(wanted, Stored(), kUsed).ok());
}

}  // namespace
}  // namespace strata::cli
