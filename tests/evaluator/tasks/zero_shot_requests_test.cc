#include "evaluator/tasks/zero_shot_requests.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluator/tasks/zero_shot_tasks.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

using evaluator::Split;
using ::testing::HasSubstr;

TaskSet Set() {
  Task task;
  task.name = "choices";
  task.metrics = {Metric::kAccNorm};
  for (int i = 0; i < 40; ++i) {
    TaskItem item;
    item.line = i + 1;
    item.contexts = {fmt::format("question {}", i), fmt::format("question {}", i)};
    item.continuations = {" yes", " no"};
    item.choices = {"yes", "no"};
    item.gold = {0};
    task.items.push_back(item);
  }
  return {{task}, {}};
}

TEST(ZeroShotRequestsTest, AHalfIsEncodedOnceAndWhole) {
  const TemporaryFile model(evaluator::WaveModelGguf());
  const auto requests = ZeroShotRequests::Open(Set(), model.path());
  ASSERT_TRUE(requests.ok()) << requests.status();
  EXPECT_EQ((*requests)->digest(), TaskSetDigest(Set()));
  const auto fitness = (*requests)->Half(Split::kFitness, 5);
  ASSERT_TRUE(fitness.ok()) << fitness.status();
  ASSERT_EQ((*fitness)->tasks.size(), 1u);
  EXPECT_EQ((*fitness)->tasks[0].items.size(), 5u);
  ASSERT_EQ((*fitness)->requests[0].size(), 5u);
  for (const ItemRequests& item : (*fitness)->requests[0]) {
    ASSERT_EQ(item.likelihoods.size(), 2u);
    EXPECT_EQ(item.likelihoods[0].scored, 6) << "bytes, three of them for the space";
  }
  const auto report = (*requests)->Half(Split::kReport, 0);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ((*report)->requests[0].size(), TasksOfHalf(Set(), Split::kReport, 0)[0].items.size());
  EXPECT_EQ(*(*requests)->Half(Split::kFitness, 5), *fitness);
}

TEST(ZeroShotRequestsTest, AnItemThatCannotBeAskedIsNamed) {
  const TemporaryFile model(evaluator::WaveModelGguf());
  TaskSet set = Set();
  for (TaskItem& item : set.tasks[0].items) item.continuations[1] = "";
  const auto requests = ZeroShotRequests::Open(set, model.path());
  ASSERT_TRUE(requests.ok()) << requests.status();
  EXPECT_THAT(std::string((*requests)->Half(Split::kFitness, 0).status().message()),
              HasSubstr("task choices, item of line"));
  EXPECT_FALSE(ZeroShotRequests::Open(set, model.path() + ".none").ok());
}

}  // namespace
}  // namespace strata::tasks
