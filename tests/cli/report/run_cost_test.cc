#include "cli/report/run_cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/work_contexts.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using search::EvaluateOutcome;
using search::EvaluateWork;
using search::ProfileOutcome;
using search::ProfileWork;
using search::StoredCandidate;
using search::WorkDigest;

// Calibration: 2 sequences of 16 tokens. An evaluation of the search has 3 windows of 8 tokens and
// is one-shot, so that it takes 24 tokens, and 8 on the rung of one window. An exact one takes 2
// passes of 32 tokens besides its windows of 10 tokens.
class RunCostTest : public ::testing::Test {
 protected:
  RunCostTest() : store_(*search::RunStore::Create(folder_.path())) {
    config_.model = config_.text = "x";
    config_.calibration_sequences = 2;
    config_.calibration_sequence_tokens = 16;
    config_.fitness_windows = 3;
    config_.fitness_window_tokens = 8;
    config_.report_window_tokens = 10;
    config_.racing_rungs = {"1"};
    for (const char* name : {"profile_context", "racing_contexts", "search_context",
                             "select_context", "verify_context", "refine_context"}) {
      EXPECT_TRUE(store_->PutProperty(name, name).ok());
    }
    EXPECT_TRUE(store_->PutProperty("model", R"({"blocks": 2})").ok());
  }

  void Candidate(const std::string& text, const expr::Allocation& allocation) {
    StoredCandidate candidate;
    candidate.id = static_cast<int64_t>(candidates_.size());
    candidate.text = text;
    candidate.allocation = allocation;
    candidates_.push_back(candidate);
  }

  void Measured(const std::string& context, const expr::Allocation& allocation, size_t windows,
                const std::vector<double>& slopes = {}) {
    EvaluateOutcome outcome;
    outcome.window_nll.assign(windows, 1.0);
    outcome.slopes = slopes;
    Put(WorkDigest(context, {0, EvaluateWork{.allocation = allocation}}), outcome);
  }

  void Feature(const std::string& name) {
    Put(WorkDigest("profile_context", {0, ProfileWork{{name}}}), ProfileOutcome{{{1, 2}}});
  }

  void Put(const std::string& digest, const search::Outcome& outcome) {
    EXPECT_TRUE(store_->PutOutcome(digest, outcome).ok());
  }

  RunCost Cost() {
    const auto cost = ReadRunCost(*store_, config_, candidates_);
    EXPECT_TRUE(cost.ok()) << cost.status();
    return cost.value_or(RunCost());
  }

  const TemporaryFolder folder_;
  std::unique_ptr<search::RunStore> store_;
  RunConfig config_;
  std::vector<StoredCandidate> candidates_;
};

TEST_F(RunCostTest, EveryEvaluationCountsWhatItsStageReads) {
  Candidate("uniform()", {0.5, 0.5});
  Candidate("ramp(depth, 0.1)", {0.4, 0.6});
  Measured("racing_contexts", {0.5, 0.5}, 1);
  Measured("search_context", {0.5, 0.5}, 3);
  Measured("racing_contexts", {0.4, 0.6}, 1);  // which the race stopped
  Measured("search_context", {0, 0}, 3);       // the dense model
  Measured("select_context", {0.5, 0.5}, 4);
  Measured("verify_context", {0.5, 0.5}, 5);
  Measured("verify_context", {0, 0}, 5);
  Put("failed", search::FailedOutcome{"crash"});
  const RunCost cost = Cost();
  ASSERT_TRUE(cost.tokens.has_value());
  EXPECT_EQ(cost.tokens->per_evaluation, 24);
  EXPECT_EQ(cost.tokens->search, 8 + 24 + 8 + 24);
  EXPECT_EQ(cost.tokens->exact, (64 + 40) + 2 * (64 + 50));
  EXPECT_EQ(cost.tokens->refinement, 0);
  EXPECT_EQ(cost.tokens->features, 0);
  EXPECT_EQ(cost.tokens->total(), 64 + 332);
}

TEST_F(RunCostTest, ABackwardPassCountsTwice) {
  Measured("refine_context", {0.3, 0.7}, 4);
  Measured("refine_context", {0.3, 0.6}, 1);  // on fewer windows than usual
  Measured("slope_context", {0.3, 0.7}, 6, {1, 2});
  EXPECT_EQ(Cost().tokens->refinement, (64 + 40) + (64 + 10) + (64 + 3 * 60));
}

TEST_F(RunCostTest, SlopesOfPrunedModelsCountAsThreeEvaluationsOnce) {
  Candidate("descend(descend(uniform(), 0.7, 0.03), 0.7, 0.02)", {0.5, 0.5});
  Candidate("descend(uniform(), 0.7, 0.06)", {0.5, 0.5});
  Candidate("descend(ramp(depth, 0.1), 0.7, 0.06)", {});  // its features are awaited
  EXPECT_EQ(Cost().tokens->slopes, 2 * 3 * 24);
}

TEST_F(RunCostTest, CostlyFeaturesCountApart) {
  Candidate("span(mean(WX), 0.1)", {0.5, 0.5, 0.5, 0.5, 0.5, 0.5});
  Feature("mean(WX)");
  EXPECT_EQ(Cost().tokens->features, 32) << "one pass of the calibration";
  Feature("distortion");  // half of the model from 6 units on
  EXPECT_EQ(Cost().tokens->features, 32 + 6 * 32 / 2);
  Feature("blockwise(distortion)");
  EXPECT_EQ(Cost().tokens->features, 32 + 6 * 32 / 2 + 2 * 32 / 2);
  Feature("slope");
  EXPECT_EQ(Cost().tokens->features, 32 + 6 * 32 / 2 + 2 * 32 / 2 + 3 * 32);
}

TEST_F(RunCostTest, TimeBetweenTwoStartsDoesNotCount) {
  const auto event = [&](double seconds, const char* kind) {
    EXPECT_TRUE(store_->AppendEvent(seconds, kind, "{}").ok());
  };
  event(100, "run_started");
  event(130, "phase_changed");
  event(1000, "run_started");
  event(1020, "finished");
  EXPECT_EQ(ReadRunTimes(*store_)->seconds, 50);
  EXPECT_EQ(ReadRunTimes(*store_)->search_seconds, 0);
  EXPECT_TRUE(store_->PutProperty("seconds_spent", "12.5").ok());
  EXPECT_EQ(ReadRunTimes(*store_)->search_seconds, 12.5);
}

TEST_F(RunCostTest, ASearchOfSeveralScenariosHasNoTokens) {
  config_.robust_sparsities = {"0.5"};
  EXPECT_FALSE(Cost().tokens.has_value());
  EXPECT_TRUE(ToJson(Cost())["tokens"].is_null());
}

TEST_F(RunCostTest, ADamagedRunIsAnError) {
  Candidate("uniform()", {0.5});
  Feature("mean(WX)");
  EXPECT_TRUE(store_->PutProperty("model", "{}").ok());
  const auto cost = ReadRunCost(*store_, config_, candidates_);
  EXPECT_THAT(std::string(cost.status().message()), ::testing::HasSubstr("the number 'blocks'"));
}

}  // namespace
}  // namespace strata::cli
