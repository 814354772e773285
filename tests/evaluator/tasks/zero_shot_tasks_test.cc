#include "evaluator/tasks/zero_shot_tasks.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

using evaluator::Split;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TaskItem Choice(const std::string& context, int gold) {
  TaskItem item;
  item.contexts = {context, context};
  item.continuations = {" yes", " not at all"};
  item.choices = {"yes", "not at all"};
  item.gold = {gold};
  return item;
}

Task Choices(const std::string& name, int items) {
  Task task;
  task.name = name;
  task.metrics = {Metric::kAcc, Metric::kAccNorm};
  for (int i = 0; i < items; ++i) {
    task.items.push_back(Choice(fmt::format("{} {}", name, i), i % 2));
  }
  return task;
}

Task LastWords() {
  Task task;
  task.name = "last";
  task.kind = TaskKind::kLogLikelihood;
  task.metrics = {Metric::kPerplexity, Metric::kAcc};
  for (int i = 0; i < 20; ++i) {
    TaskItem item;
    item.contexts = {fmt::format("text {}", i)};
    item.continuations = {" end"};
    task.items.push_back(item);
  }
  return task;
}

// Contexts and continuations.
std::string TextOf(const TaskItem& item) {
  std::string text;
  for (const auto* texts : {&item.contexts, &item.continuations}) {
    for (const std::string& one : *texts) text += one + "|";
  }
  return text;
}

std::string JsonLines(int items, const std::string& what) {
  std::string lines;
  for (int i = 0; i < items; ++i) {
    lines +=
        fmt::format("{{\"context\": \"{} {}\", \"choices\": [\" a\", \" b\"], \"gold\": {}}}\n",
                    what, i, i % 2);
  }
  return lines;
}

class ZeroShotFilesTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  TemporaryFolder folder_;
};

TEST(ZeroShotTasksTest, AccNormCountsWhereTheTaskHasIt) {
  EXPECT_EQ(*AccuracyOf(Choices("a", 1)), Metric::kAccNorm);
  EXPECT_EQ(*AccuracyOf(LastWords()), Metric::kAcc);
  Task rolling;
  rolling.name = "rolling";
  rolling.kind = TaskKind::kRolling;
  rolling.metrics = {Metric::kWordPerplexity};
  EXPECT_THAT(std::string(AccuracyOf(rolling).status().message()),
              ::testing::AllOf(HasSubstr("task rolling"), HasSubstr("acc_norm")));
}

// By hand. Task a, by characters (3 and 10): item 0 has -3/3 = -1 and -9/10: the second is larger
// and gold is 0: wrong, though its sum is smaller. Item 1 has -6/3 = -2 and -10/10 = -1: right, as
// gold is 1. Accuracy 1/2. Task last: greedy on one of four. Error 1 - (1/2 + 1/4) / 2 = 0.625.
TEST(ZeroShotTasksTest, TheErrorIsOneLessTheMeanAccuracyOfTheTasks) {
  Task choices = Choices("a", 2);
  choices.metrics = {Metric::kAccNorm};
  Task last = LastWords();
  last.metrics = {Metric::kAcc};
  last.items.resize(4);
  const std::vector<std::vector<ItemResponse>> responses = {
      {{{{-3, false}, {-9, false}}, "", 0}, {{{-6, false}, {-10, false}}, "", 0}},
      {{{{-1, true}}, "", 0},
       {{{-1, false}}, "", 0},
       {{{-2, false}}, "", 0},
       {{{-3, false}}, "", 0}}};
  const auto error = ZeroShotError({choices, last}, responses);
  ASSERT_TRUE(error.ok()) << error.status();
  EXPECT_DOUBLE_EQ(*error, 0.625);
  EXPECT_FALSE(ZeroShotError({choices, last}, {responses.front()}).ok());
  EXPECT_FALSE(ZeroShotError({}, {}).ok());
}

// For random sets and limits: every item is in one half, the same item in the same half wherever it
// stands, no item of a report in any fitness, and a limit takes the first.
TEST(ZeroShotTasksTest, NoItemOfTheReportIsInAnyFitness) {
  std::mt19937 random(7);
  for (int round = 0; round < 15; ++round) {
    TaskSet set;
    for (int t = 0; t < 3; ++t) {
      Task task = Choices(fmt::format("task {} {}", round, t), 60);
      // Items that tasks share, and one that stands twice.
      for (int i = 0; i < 20; ++i) task.items.push_back(Choice(fmt::format("shared {}", i), 0));
      task.items.push_back(task.items[random() % task.items.size()]);
      std::shuffle(task.items.begin(), task.items.end(), random);
      for (size_t i = 0; i < task.items.size(); ++i) {
        task.items[i].line = static_cast<int64_t>(random() % 1000);
      }
      set.tasks.push_back(task);
    }
    std::set<std::string> reported;
    size_t items = 0;
    const auto report = TasksOfHalf(set, Split::kReport, 0);
    const auto fitness = TasksOfHalf(set, Split::kFitness, 0);
    for (size_t t = 0; t < set.tasks.size(); ++t) {
      for (const TaskItem& item : report[t].items) reported.insert(TextOf(item));
      items += report[t].items.size() + fitness[t].items.size();
      EXPECT_GT(report[t].items.size(), 20u);
      EXPECT_GT(fitness[t].items.size(), 20u);
    }
    EXPECT_EQ(items, 3u * 81);
    for (const int64_t limit : {0, 1, 17, 1000}) {
      const auto limited = TasksOfHalf(set, Split::kFitness, limit);
      for (size_t t = 0; t < limited.size(); ++t) {
        for (size_t i = 0; i < limited[t].items.size(); ++i) {
          EXPECT_FALSE(reported.contains(TextOf(limited[t].items[i])));
          EXPECT_EQ(TextOf(limited[t].items[i]), TextOf(fitness[t].items[i]));
        }
        const auto all = static_cast<int64_t>(fitness[t].items.size());
        EXPECT_EQ(static_cast<int64_t>(limited[t].items.size()),
                  limit == 0 ? all : std::min(limit, all));
        EXPECT_THAT(limited[t].metrics, ElementsAre(Metric::kAccNorm));
      }
    }
  }
}

TEST(ZeroShotTasksTest, TheDigestFollowsWhatCounts) {
  TaskSet set{{Choices("a", 4), LastWords()}, {}};
  const std::string digest = TaskSetDigest(set);
  const auto differs = [&](const auto& change) {
    TaskSet other = set;
    change(other);
    return TaskSetDigest(other) != digest;
  };
  EXPECT_TRUE(differs([](TaskSet& s) { s.tasks[0].items[1].gold = {0}; }));
  EXPECT_TRUE(differs([](TaskSet& s) { s.tasks[0].items[1].contexts[0] += "x"; }));
  EXPECT_TRUE(differs([](TaskSet& s) { s.tasks[0].items[1].choices[0] = "yes!"; }));
  EXPECT_TRUE(differs([](TaskSet& s) { s.tasks[0].metrics = {Metric::kAcc}; }));
  EXPECT_TRUE(differs([](TaskSet& s) { s.tasks[1].items.pop_back(); }));
  EXPECT_TRUE(differs([](TaskSet& s) { std::swap(s.tasks[0], s.tasks[1]); }));
  EXPECT_FALSE(differs([](TaskSet& s) { s.tasks[0].items[1].line = 9; }));
  EXPECT_FALSE(differs([](TaskSet& s) { s.tasks[0].metrics = {Metric::kAccNorm}; }));
}

TEST_F(ZeroShotFilesTest, AFolderStandsForItsSettings) {
  Write("one.jsonl", JsonLines(30, "one"));
  Write("two.jsonl", JsonLines(30, "two"));
  const auto bare = ReadZeroShotTasks({folder_.path()});
  ASSERT_TRUE(bare.ok()) << bare.status();
  ASSERT_EQ(bare->tasks.size(), 2u);
  EXPECT_EQ(bare->tasks[0].name, "one");

  Write("b.yaml", "task: second\nkind: multiple_choice\nitems: two.jsonl\nmetrics: [acc]\n");
  Write("a.yaml", "group: both\ntasks: [b.yaml, one.jsonl]\n");
  const auto settings = ReadZeroShotTasks({folder_.path()});
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->tasks.size(), 2u) << "a member that is named beside its group counts once";
  EXPECT_EQ(settings->tasks[0].name, "second");
  EXPECT_EQ(*AccuracyOf(settings->tasks[0]), Metric::kAcc);
  EXPECT_EQ(settings->tasks[1].name, "one");
}

TEST_F(ZeroShotFilesTest, WhatCannotGiveAnErrorIsRefused) {
  const auto error = [](const std::vector<std::string>& paths) {
    return std::string(ReadZeroShotTasks(paths).status().message());
  };
  EXPECT_THAT(error({}), HasSubstr("expected tasks"));
  EXPECT_THAT(error({folder_.path()}), HasSubstr("expected task files"));
  EXPECT_THAT(error({folder_.path() + "/none.jsonl"}), HasSubstr("none.jsonl"));
  EXPECT_THAT(error({Write("single.jsonl", JsonLines(1, "single"))}),
              ::testing::AllOf(HasSubstr("task single"), HasSubstr("both halves")));
  EXPECT_THAT(error({Write("rolling.jsonl", "{\"text\": \"a b c\"}\n{\"text\": \"d\"}\n")}),
              HasSubstr("loglikelihood_rolling"));
  const std::string one = Write("same.jsonl", JsonLines(30, "one"));
  std::filesystem::create_directory(folder_.path() + "/other");
  const std::string two = Write("other/same.jsonl", JsonLines(30, "two"));
  EXPECT_THAT(error({one, two}), HasSubstr("'same'"));
  EXPECT_EQ(error({one, one}), "");
}

}  // namespace
}  // namespace strata::tasks
