#include "search/refinement/refinement_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace strata::search {
namespace {

expr::UnitLayout Layout() { return expr::SquareBlocks({40000, 90000, 40000, 160000, 40000}); }

double Loss(const expr::Allocation& allocation, Stage stage) {
  constexpr double kSensitivity[] = {4.0, 0.3, 1.0, 0.2, 2.5};
  double loss = stage == Stage::kRefine ? 3 : stage == Stage::kSelect ? 4 : 5;
  for (size_t i = 0; i < allocation.size(); ++i) {
    loss += kSensitivity[i] * std::pow(allocation[i], 4);
  }
  return loss;
}

std::unique_ptr<RefinementStage> MakeStage(int64_t evaluations = 30, bool slopes = false) {
  RefinementOptions options;
  options.target.sparsity = 0.6;
  options.evaluations = evaluations;
  options.slopes = slopes;
  auto stage = RefinementStage::Create(options, Layout(), expr::Allocation(5, 0.6));
  EXPECT_TRUE(stage.ok()) << stage.status();
  return *std::move(stage);
}

// Tells results in an order of its own, with `workers` at a time; returns what was measured by
// stage.
std::map<Stage, int> Measure(RefinementStage& stage, size_t workers, uint64_t order_seed) {
  std::mt19937_64 engine(order_seed);
  std::vector<EvaluateWork> running;
  std::map<Stage, int> measured;
  while (!stage.done()) {
    while (running.size() < workers) {
      const std::optional<EvaluateWork> item = stage.Ask();
      if (!item) break;
      running.push_back(*item);
    }
    if (running.empty()) {
      ADD_FAILURE() << "nothing to do, and not done";
      break;
    }
    const size_t which = engine() % running.size();
    const EvaluateWork item = running[which];
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
    ++measured[item.stage];
    EXPECT_TRUE(stage.Tell(item, EvaluateOutcome{Loss(item.allocation, item.stage), 0.6}).ok());
  }
  EXPECT_FALSE(stage.Ask().has_value());
  return measured;
}

TEST(RefinementStageTest, RefinesSelectsAmongTheBestAndVerifiesTheChosenOne) {
  const auto stage = MakeStage();
  const std::map<Stage, int> measured = Measure(*stage, 1, 1);
  EXPECT_EQ(measured.at(Stage::kRefine), 30);
  EXPECT_EQ(measured.at(Stage::kSelect), kRefinedFinalists + 1);
  EXPECT_EQ(measured.at(Stage::kVerify), 2);
  ASSERT_TRUE(stage->best().has_value());
  const RefinedResult& start = stage->results().front();
  const RefinedResult& best = stage->results()[static_cast<size_t>(*stage->best())];
  EXPECT_LT(*best.selection_nll, *start.selection_nll);
  EXPECT_LT(*best.report_nll, *start.report_nll);
  EXPECT_EQ(best.achieved_sparsity, 0.6);
  for (const RefinedResult& result : stage->results()) {
    EXPECT_EQ(result.report_nll.has_value(), result.id == 0 || result.id == best.id);
    EXPECT_TRUE(result.id == best.id || result.id == 0 || *result.nll >= *best.nll);
  }
}

TEST(RefinementStageTest, SlopesAreMeasuredOnARungOfTheirOwn) {
  const auto made = MakeStage(12, /*slopes=*/true);
  RefinementStage& stage = *made;
  std::map<Stage, int> measured;
  while (const std::optional<EvaluateWork> item = stage.Ask()) {
    ++measured[item->stage];
    EvaluateOutcome outcome{Loss(item->allocation, item->stage), 0.6};
    if (item->stage == Stage::kSlope) {
      EXPECT_EQ(item->allocation, stage.results()[static_cast<size_t>(item->candidate)].allocation);
      EXPECT_FALSE(stage.Tell(*item, outcome).ok()) << "no slopes";
      outcome.slopes = {3.456, 0.259, 0.864, 0.173, 2.16};  // at the start
    }
    ASSERT_TRUE(stage.Tell(*item, outcome).ok());
  }
  EXPECT_TRUE(stage.done());
  EXPECT_EQ(stage.slopes_measured(), measured[Stage::kSlope]);
  EXPECT_GT(measured[Stage::kSlope], 1);
  EXPECT_EQ(measured[Stage::kSlope] + measured[Stage::kRefine], 12);
  EXPECT_LT(*stage.results()[static_cast<size_t>(*stage.best())].selection_nll,
            *stage.results().front().selection_nll);
}

TEST(RefinementStageTest, ASlopeThatFailsIsNoFailureOfTheAllocation) {
  const auto made = MakeStage(8, /*slopes=*/true);
  RefinementStage& stage = *made;
  while (const std::optional<EvaluateWork> item = stage.Ask()) {
    const Outcome outcome =
        item->stage == Stage::kSlope
            ? Outcome(FailedOutcome{"no memory"})
            : Outcome(EvaluateOutcome{Loss(item->allocation, item->stage), 0.6});
    ASSERT_TRUE(stage.Tell(*item, outcome).ok());
  }
  EXPECT_TRUE(stage.done());
  EXPECT_EQ(stage.slope_failure(), "no memory");
  for (const RefinedResult& result : stage.results()) EXPECT_EQ(result.failure, "");
  ASSERT_TRUE(stage.best().has_value());
}

TEST(RefinementStageTest, TheOrderOfResultsChangesNothing) {
  const auto one = MakeStage();
  Measure(*one, 1, 1);
  for (const uint64_t seed : {2, 3, 4}) {
    const auto other = MakeStage();
    Measure(*other, 4, seed);
    EXPECT_EQ(other->results(), one->results()) << seed;
    EXPECT_EQ(other->best(), one->best());
  }
}

TEST(RefinementStageTest, FailuresAreNeverChosenAndKeepTheirReason) {
  const auto stage = MakeStage(12);
  while (!stage->done()) {
    const std::optional<EvaluateWork> item = stage->Ask();
    ASSERT_TRUE(item.has_value());
    if (item->stage == Stage::kRefine && item->candidate % 3 == 1) {
      ASSERT_TRUE(stage->Tell(*item, FailedOutcome{"lost"}).ok());
    } else if (item->stage == Stage::kRefine && item->candidate % 3 == 2) {
      const double nan = std::numeric_limits<double>::quiet_NaN();
      ASSERT_TRUE(stage->Tell(*item, EvaluateOutcome{nan, 0.6}).ok());
    } else {
      EXPECT_EQ(item->candidate % 3, 0);
      ASSERT_TRUE(
          stage->Tell(*item, EvaluateOutcome{Loss(item->allocation, item->stage), 0.6}).ok());
    }
  }
  EXPECT_EQ(stage->results()[1].failure, "lost");
  EXPECT_THAT(stage->results()[2].failure, testing::HasSubstr("must be finite"));
}

TEST(RefinementStageTest, AllFailuresEndItWithoutAResult) {
  const auto stage = MakeStage(4);
  while (!stage->done()) {
    const std::optional<EvaluateWork> item = stage->Ask();
    ASSERT_TRUE(item.has_value());
    ASSERT_TRUE(stage->Tell(*item, FailedOutcome{"lost"}).ok());
  }
  EXPECT_FALSE(stage->best().has_value());
}

TEST(RefinementStageTest, RefusesWhatItDidNotAskFor) {
  const auto stage = MakeStage();
  EvaluateWork item;
  item.stage = Stage::kRefine;
  EXPECT_FALSE(stage->Tell(item, EvaluateOutcome{1, 0.6}).ok());
  item = *stage->Ask();
  EXPECT_FALSE(stage->Tell(item, ProfileOutcome{}).ok());
  EvaluateWork other = item;
  other.stage = Stage::kSelect;
  EXPECT_FALSE(stage->Tell(other, EvaluateOutcome{1, 0.6}).ok());
  EXPECT_TRUE(stage->Tell(item, EvaluateOutcome{1, 0.6}).ok());
  EXPECT_FALSE(stage->Tell(item, EvaluateOutcome{1, 0.6}).ok());
}

}  // namespace
}  // namespace strata::search
