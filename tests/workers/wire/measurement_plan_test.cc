#include "workers/wire/measurement_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace strata::workers {
namespace {

template <typename Value>
void ExpectRoundTrip(Value value, const std::string& name) {
  EXPECT_EQ(NameOf(value), name);
  Value parsed{};
  EXPECT_TRUE(ParseName(name, &parsed).ok());
  EXPECT_EQ(parsed, value);
}

TEST(MeasurementPlanTest, NamesRoundTrip) {
  ExpectRoundTrip(evaluator::Pruner::kWanda, "wanda");
  ExpectRoundTrip(evaluator::Granularity::kBlock, "block");
  ExpectRoundTrip(evaluator::Granularity::kLinear, "linear");
  ExpectRoundTrip(evaluator::Protocol::kOneShot, "one-shot");
  ExpectRoundTrip(evaluator::Protocol::kSequential, "sequential");
  ExpectRoundTrip(evaluator::Arithmetic::kFloat32, "fp32");
  ExpectRoundTrip(evaluator::Arithmetic::kBFloat16, "bf16");
  ExpectRoundTrip(evaluator::Measure::kLoss, "loss");
  ExpectRoundTrip(evaluator::Measure::kKl, "kl");
  ExpectRoundTrip(evaluator::Split::kCalibration, "calibration");
  ExpectRoundTrip(evaluator::Split::kFitness, "fitness");
  ExpectRoundTrip(evaluator::Split::kReport, "report");
}

TEST(MeasurementPlanTest, AnUnknownNameListsTheKnownOnes) {
  auto split = evaluator::Split::kReport;
  const absl::Status status = ParseName("Fitness", &split);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()),
            "split: expected one of \"calibration\", \"fitness\", \"report\", found \"Fitness\"");
  EXPECT_EQ(split, evaluator::Split::kReport);
}

std::vector<std::string> Contexts(const MeasurementPlan& plan, const std::string& model = "m",
                                  const std::string& text = "t") {
  search::SessionOptions options;
  FillContexts(plan, model, text, &options);
  return {options.profile_context, options.search_context, options.select_context,
          options.verify_context};
}

TEST(MeasurementPlanTest, EveryDifferenceThatMattersChangesAContext) {
  const MeasurementPlan plan;
  std::set<std::vector<std::string>> seen = {Contexts(plan)};
  const auto expect_new = [&seen](const std::vector<std::string>& contexts) {
    EXPECT_TRUE(seen.insert(contexts).second) << contexts[1];
  };
  expect_new(Contexts(plan, "other"));
  expect_new(Contexts(plan, "m", "other"));
  MeasurementPlan changed = plan;
  changed.granularity = evaluator::Granularity::kLinear;
  expect_new(Contexts(changed));
  changed = plan;
  changed.calibration.sequences += 1;
  expect_new(Contexts(changed));
  changed = plan;
  changed.calibration.sequence_tokens += 1;
  expect_new(Contexts(changed));
  for (evaluator::Fidelity MeasurementPlan::*stage :
       {&MeasurementPlan::search, &MeasurementPlan::select, &MeasurementPlan::verify}) {
    changed = plan;
    (changed.*stage).windows += 1;
    expect_new(Contexts(changed));
    changed = plan;
    (changed.*stage).window_tokens += 1;
    expect_new(Contexts(changed));
    changed = plan;
    (changed.*stage).measure = evaluator::Measure::kKl;
    expect_new(Contexts(changed));
    changed = plan;
    (changed.*stage).levels = "digest of a level database";
    expect_new(Contexts(changed));
    changed = plan;
    (changed.*stage).tasks = "digest of work items";
    expect_new(Contexts(changed));
    (changed.*stage).task_items = 5;
    expect_new(Contexts(changed));
    changed = plan;
    (changed.*stage).arithmetic = evaluator::Arithmetic::kBFloat16;
    expect_new(Contexts(changed));
    changed = plan;
    (changed.*stage).protocol = evaluator::Protocol::kSequential;
    expect_new(Contexts(changed));
    changed = plan;
    (changed.*stage).split = evaluator::Split::kReport;
    expect_new(Contexts(changed));
  }
}

TEST(MeasurementPlanTest, EveryRacingRungHasAContext) {
  MeasurementPlan plan;
  plan.racing = {plan.search, plan.search};
  plan.racing[0].windows = 1;
  plan.racing[1].windows = 2;
  search::SessionOptions options;
  FillContexts(plan, "m", "t", &options);
  ASSERT_EQ(options.racing_contexts.size(), 2u);
  EXPECT_NE(options.racing_contexts[0], options.racing_contexts[1]);
  EXPECT_NE(options.racing_contexts[1], options.search_context);
  EXPECT_EQ(FidelityOf(search::Stage::kSearch, 1, plan).windows, 2);
  EXPECT_EQ(FidelityOf(search::Stage::kSearch, 2, plan).windows, plan.search.windows);
}

TEST(MeasurementPlanTest, EveryRungOfARefinementHasAContext) {
  MeasurementPlan plan;
  plan.refine.windows = 8;
  search::SessionOptions before;
  FillContexts(plan, "m", "t", &before);
  EXPECT_TRUE(before.refine_rung_contexts.empty());
  plan.refine_rungs = {plan.refine, plan.refine};
  plan.refine_rungs[0].windows = 1;
  plan.refine_rungs[1].windows = 2;
  search::SessionOptions options;
  FillContexts(plan, "m", "t", &options);
  ASSERT_EQ(options.refine_rung_contexts.size(), 2u);
  EXPECT_NE(options.refine_rung_contexts[0], options.refine_rung_contexts[1]);
  EXPECT_EQ(options.refine_context, before.refine_context);
  for (const auto& [rung, windows] : {std::pair(0, 1), {1, 2}, {2, 8}}) {
    EXPECT_EQ(FidelityOf(search::Stage::kRefine, rung, plan).windows, windows);
    const search::WorkItem item{1, search::EvaluateWork{0, search::Stage::kRefine, {0.5}, rung}};
    EXPECT_EQ(ContextOf(options, item),
              rung == 2 ? options.refine_context
                        : options.refine_rung_contexts[static_cast<size_t>(rung)]);
  }
}

TEST(MeasurementPlanTest, AFidelityDoesNotChangeTheProfile) {
  MeasurementPlan changed;
  changed.search.windows += 1;
  EXPECT_EQ(Contexts(changed)[0], Contexts({})[0]);
  EXPECT_EQ(Contexts(changed)[2], Contexts({})[2]);
}

}  // namespace
}  // namespace strata::workers
