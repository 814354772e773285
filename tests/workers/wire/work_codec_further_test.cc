// What an evaluation measures besides losses, where it is asked for: work items and slopes.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/workers/wire/work_codec_fixture.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

TEST(WorkCodecTest, WorkItemsAreAskedForByDigestAndTheirErrorComesBack) {
  MeasurementPlan plan = MakePlan();
  plan.search.tasks = "tasks-digest";
  plan.search.task_items = 12;
  plan.racing = {MakePlan().search};
  search::SessionItem item = MakeFakeItem(0);
  auto& work = std::get<search::EvaluateWork>(item.item.work);
  const auto asked = [&] {
    const auto request = DecodeWorkItem(EncodeWorkItem(item, plan));
    EXPECT_TRUE(request.ok()) << request.status();
    return std::get<evaluator::EvaluateRequest>(*request).fidelity;
  };
  EXPECT_EQ(asked().tasks, "") << "the first rung of a race has none";
  work.rung = 1;
  EXPECT_EQ(asked().tasks, "tasks-digest");
  EXPECT_EQ(asked().task_items, 12);
  v1::WorkItem hostile = EncodeWorkItem(item, plan);
  hostile.mutable_evaluate()->mutable_fidelity()->set_task_items(-1);
  EXPECT_THAT(std::string(DecodeWorkItem(hostile).status().message()),
              HasSubstr("fidelity.task_items"));
  hostile = EncodeWorkItem(item, plan);
  hostile.mutable_evaluate()->mutable_fidelity()->set_tasks(std::string(1 << 20, 'x'));
  EXPECT_THAT(std::string(DecodeWorkItem(hostile).status().message()), HasSubstr("fidelity.tasks"));

  evaluator::Measurement measurement;
  measurement.window_nll = {3.0, 3.5, 4.0};
  measurement.mean_nll = 3.5;
  measurement.tokens = 3 * 64;
  measurement.achieved_sparsity = 0.5;
  const auto received = [&] {
    return DecodeResult(EncodeResult(item.digest, measurement), item.item, plan, kParameters);
  };
  EXPECT_THAT(std::string(received().status().message()),
              HasSubstr("evaluate.measures[zero_shot_error]: expected a number of 0 to 1"));
  measurement.zero_shot_error = 1.5;
  EXPECT_FALSE(received().ok());
  measurement.zero_shot_error = 0.375;
  ASSERT_TRUE(received().ok()) << received().status();
  EXPECT_EQ(std::get<search::EvaluateOutcome>(received()->outcome).measures,
            (std::map<std::string, double>{{"zero_shot_error", 0.375}}));
}

TEST(WorkCodecTest, TheMeasureOfEveryStageIsAskedFor) {
  MeasurementPlan plan = MakePlan();
  plan.search.measure = evaluator::Measure::kKl;
  search::SessionItem item = MakeFakeItem(0);
  auto& work = std::get<search::EvaluateWork>(item.item.work);
  const auto asked = [&](search::Stage stage) {
    work.stage = stage;
    const auto request = DecodeWorkItem(EncodeWorkItem(item, plan));
    EXPECT_TRUE(request.ok()) << request.status();
    return std::get<evaluator::EvaluateRequest>(*request).fidelity.measure;
  };
  EXPECT_EQ(asked(search::Stage::kVerify), evaluator::Measure::kLoss);
  EXPECT_EQ(asked(search::Stage::kSearch), evaluator::Measure::kKl);
  const v1::WorkItem good = EncodeWorkItem(item, plan);
  for (const char* bad : {"", "KL", "perplexity"}) {
    v1::WorkItem hostile = good;
    hostile.mutable_evaluate()->mutable_fidelity()->set_measure(bad);
    EXPECT_THAT(std::string(DecodeWorkItem(hostile).status().message()),
                HasSubstr("measure: expected one of \"loss\", \"kl\", found"));
  }
  v1::WorkItem sloping = good;
  sloping.mutable_evaluate()->mutable_fidelity()->set_slope_step(0.05);
  EXPECT_THAT(std::string(DecodeWorkItem(sloping).status().message()),
              HasSubstr("fidelity.measure: expected \"loss\" where slope_step is above 0"));
}

TEST(WorkCodecTest, SlopesAreAskedForAndCheckedByNumber) {
  MeasurementPlan plan = MakePlan();
  plan.refine = plan.slope = plan.search;
  plan.slope.slope_step = 0.05;
  search::SessionItem item = MakeFakeItem(0);
  auto& work = std::get<search::EvaluateWork>(item.item.work);
  const auto asked = [&](search::Stage stage) {
    work.stage = stage;
    const auto request = DecodeWorkItem(EncodeWorkItem(item, plan));
    EXPECT_TRUE(request.ok()) << request.status();
    return std::get<evaluator::EvaluateRequest>(*request).fidelity.slope_step;
  };
  EXPECT_EQ(asked(search::Stage::kRefine), 0);
  EXPECT_EQ(asked(search::Stage::kSlope), 0.05);
  for (const double bad : {-0.1, 1.0, std::nan("")}) {
    v1::WorkItem hostile = EncodeWorkItem(item, plan);
    hostile.mutable_evaluate()->mutable_fidelity()->set_slope_step(bad);
    EXPECT_THAT(std::string(DecodeWorkItem(hostile).status().message()),
                HasSubstr("fidelity.slope_step"));
  }

  v1::Result result = MakeResult();
  const auto received = [&] { return DecodeResult(result, item.item, plan, kParameters); };
  EXPECT_THAT(std::string(received().status().message()),
              HasSubstr("evaluate.slopes: expected 3, found 0"));
  for (const double slope : {0.5, -2.0, 0.0}) result.mutable_evaluate()->add_slopes(slope);
  ASSERT_TRUE(received().ok()) << received().status();
  EXPECT_EQ(std::get<search::EvaluateOutcome>(received()->outcome).slopes,
            (std::vector<double>{0.5, -2.0, 0.0}));
  work.stage = search::Stage::kRefine;
  EXPECT_THAT(std::string(received().status().message()),
              HasSubstr("evaluate.slopes: expected 0, found 3"));
  work.stage = search::Stage::kSlope;
  result.mutable_evaluate()->set_slopes(1, std::nan(""));
  EXPECT_THAT(std::string(received().status().message()), HasSubstr("evaluate.slopes"));
}

}  // namespace
}  // namespace strata::workers
