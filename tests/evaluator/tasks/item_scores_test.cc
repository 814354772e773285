#include "evaluator/tasks/item_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Task Choices(std::vector<Metric> metrics, std::vector<std::string> choices, std::vector<int> gold) {
  Task task;
  task.name = "t";
  task.metrics = std::move(metrics);
  task.items.emplace_back();
  task.items[0].line = 4;
  task.items[0].choices = std::move(choices);
  task.items[0].gold = std::move(gold);
  return task;
}

std::vector<ItemResponse> Response(const std::vector<double>& likelihoods) {
  ItemResponse response;
  for (const double one : likelihoods) response.likelihoods.push_back({one, false});
  return {response};
}

double Value(Metric metric, const std::vector<std::string>& choices, std::vector<int> gold,
             const std::vector<double>& likelihoods) {
  const auto columns = ScoreItems(Choices({metric}, choices, gold), Response(likelihoods));
  EXPECT_TRUE(columns.ok()) << columns.status();
  return columns->front().values.front();
}

// "Öl" has two characters and three bytes.
TEST(ItemScoresTest, ChoicesAreComparedAsTheMetricSays) {
  const std::vector<std::string> choices = {"Öl", "oils"};
  EXPECT_EQ(Value(Metric::kAcc, choices, {0}, {-3, -4}), 1);
  EXPECT_EQ(Value(Metric::kAcc, choices, {1}, {-3, -4}), 0);
  EXPECT_EQ(Value(Metric::kAccNorm, choices, {1}, {-3, -5}), 1);                // -1.5 and -1.25
  EXPECT_EQ(Value(Metric::kAccBytes, choices, {0}, {-3, -5}), 1);               // -1 and -1.25
  EXPECT_EQ(Value(Metric::kAccMutualInfo, choices, {1}, {-3, -4, -1, -3}), 1);  // -2 and -1
}

TEST(ItemScoresTest, AnyRightChoiceCountsAndOfEqualOnesTheFirst) {
  EXPECT_EQ(Value(Metric::kAcc, {"a", "b", "c"}, {1, 2}, {-3, -4, -2}), 1);
  EXPECT_EQ(Value(Metric::kAcc, {"a", "b"}, {0}, {-3, -3}), 1);
  EXPECT_EQ(Value(Metric::kAcc, {"a", "b"}, {1}, {-3, -3}), 0);
  EXPECT_EQ(Value(Metric::kAcc, {"a", "b"}, {}, {-3, -3}), 0);
}

TEST(ItemScoresTest, LastWords) {
  Task task = Choices({Metric::kPerplexity, Metric::kAcc}, {}, {});
  task.kind = TaskKind::kLogLikelihood;
  const auto columns = ScoreItems(task, {{{{-2.5, true}}, "", 0}});
  ASSERT_TRUE(columns.ok());
  EXPECT_THAT((*columns)[0].values, ElementsAre(-2.5));
  EXPECT_THAT((*columns)[1].values, ElementsAre(1));
}

TEST(ItemScoresTest, TextsAreWeightedWithWordsOrBytes) {
  Task task = Choices(DefaultMetricsOf(TaskKind::kRolling), {}, {});
  task.kind = TaskKind::kRolling;
  task.items[0].words = 5;
  task.items[0].bytes = 30;
  const auto columns = ScoreItems(task, Response({-2, -3}));
  ASSERT_TRUE(columns.ok());
  EXPECT_EQ((*columns)[0].Name(), "word_perplexity");
  EXPECT_THAT((*columns)[0].values, ElementsAre(-5));
  EXPECT_THAT((*columns)[0].weights, ElementsAre(5));
  EXPECT_THAT((*columns)[2].weights, ElementsAre(30));
}

TEST(ItemScoresTest, GenerationsAreFiltered) {
  Task task = Choices({Metric::kExactMatch}, {}, {});
  task.kind = TaskKind::kGeneration;
  task.items[0].targets = {"eight", "8"};
  FilterStep number;
  number.kind = FilterStepKind::kRegex;
  number.expression = "[0-9]+";
  task.filters = {{"whole", {}}, {"number", {number}}};
  const std::vector<ItemResponse> responses = {{{}, "It is 8.", 0}};
  const auto columns = ScoreItems(task, responses);
  ASSERT_TRUE(columns.ok());
  EXPECT_EQ((*columns)[0].Name(), "exact_match,whole");
  EXPECT_THAT((*columns)[0].values, ElementsAre(0));
  EXPECT_THAT((*columns)[1].values, ElementsAre(1));
  EXPECT_THAT(*FilteredAnswers(task, responses[0]), ElementsAre("It is 8.", "8"));
}

TEST(ItemScoresTest, OtherResponsesAreRefused) {
  const Task task = Choices({Metric::kAccMutualInfo}, {"a", "b"}, {0});
  EXPECT_THAT(std::string(ScoreItems(task, {}).status().message()),
              HasSubstr("expected 1 responses, found 0"));
  EXPECT_THAT(std::string(ScoreItems(task, Response({-1, -2})).status().message()),
              HasSubstr("item of line 4: expected 4 log-likelihoods, found 2"));
}

}  // namespace
}  // namespace strata::tasks
