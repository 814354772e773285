#include "evaluator/tasks/task_results.h"

#include <gtest/gtest.h>

#include <cmath>

namespace strata::tasks {
namespace {

// A task of choices "a" and "bb", of which the first is always right.
Task Choices(const std::string& name, int items) {
  Task task;
  task.name = name;
  task.metrics = {Metric::kAcc, Metric::kAccNorm};
  for (int i = 0; i < items; ++i) {
    task.items.emplace_back();
    task.items.back().choices = {"a", "bb"};
    task.items.back().gold = {0};
  }
  return task;
}

// Responses in which the first choice wins where `right` says so.
std::vector<ItemResponse> Answers(const std::vector<int>& right) {
  std::vector<ItemResponse> responses;
  for (const int one : right) {
    responses.push_back({{{one != 0 ? -1.0 : -9.0, false}, {-4.0, false}}, "", 0});
  }
  return responses;
}

TEST(TaskResultsTest, TasksThenGroups) {
  TaskSet set;
  set.tasks = {Choices("x", 4), Choices("y", 2)};
  set.groups = {{"both", {0, 1}, true, {Metric::kAcc}}, {"alike", {0, 1}, false, {Metric::kAcc}}};
  std::vector<std::vector<ItemResponse>> answers = {Answers({1, 1, 1, 0}), Answers({0, 1})};
  answers[1][0].truncated_tokens = 3;
  const auto results = SummarizeTasks(set, answers, {}, {.resamples = 100});
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 4u);
  EXPECT_EQ((*results)[0].documents, 4);
  EXPECT_DOUBLE_EQ((*results)[0].metrics[0].estimate.value, 0.75);
  EXPECT_EQ((*results)[0].metrics[1].name, "acc_norm");
  EXPECT_EQ((*results)[1].truncated_documents, 1);
  const TaskResult& both = (*results)[2];
  EXPECT_TRUE(both.is_group);
  EXPECT_EQ(both.documents, 6);
  EXPECT_EQ(both.truncated_documents, 1);
  ASSERT_EQ(both.metrics.size(), 1u);
  EXPECT_DOUBLE_EQ(both.metrics[0].estimate.value, 4.0 / 6);
  EXPECT_FALSE(both.metrics[0].difference.has_value());
  EXPECT_DOUBLE_EQ((*results)[3].metrics[0].estimate.value, (0.75 + 0.5) / 2);
}

TEST(TaskResultsTest, DifferencesAreToTheOtherVersion) {
  TaskSet set;
  set.tasks = {Choices("x", 4)};
  const auto results =
      SummarizeTasks(set, {Answers({1, 0, 0, 0})}, {Answers({1, 1, 1, 0})}, {.resamples = 500});
  ASSERT_TRUE(results.ok()) << results.status();
  const MetricResult& acc = results->front().metrics[0];
  EXPECT_DOUBLE_EQ(acc.estimate.value, 0.25);
  EXPECT_DOUBLE_EQ(acc.difference->value, -0.5);
  // Differences 0, -1, -1, 0: squares of deviations 4 * 0.25.
  EXPECT_DOUBLE_EQ(*acc.difference->standard_error, std::sqrt(1.0 / 3 / 4));
  EXPECT_GE(acc.difference->interval->low, -1);
  EXPECT_LE(acc.difference->interval->high, 0);
}

TEST(TaskResultsTest, ResponsesOfAnotherTaskAreRefused) {
  TaskSet set;
  set.tasks = {Choices("x", 4)};
  EXPECT_FALSE(SummarizeTasks(set, {Answers({1})}, {}, {}).ok());
  EXPECT_FALSE(SummarizeTasks(set, {Answers({1, 1, 1, 1})}, {Answers({1})}, {}).ok());
}

}  // namespace
}  // namespace strata::tasks
