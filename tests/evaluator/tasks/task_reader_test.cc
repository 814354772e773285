#include "evaluator/tasks/task_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kChoices =
    "{\"context\": \"Q\", \"choices\": [\"a\", \"b\"], \"gold\": 0}\n"
    "{\"context\": \"R\", \"choices\": [\"c\", \"d\"], \"gold\": 1}\n";

class TaskReaderTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = folder_.path() + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  std::string Refusal(const std::string& path) {
    TaskSet set;
    const absl::Status status = ReadTasks(path, 0, &set);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  }

  TemporaryFolder folder_;
};

TEST_F(TaskReaderTest, BareItemsAreATask) {
  TaskSet set;
  ASSERT_TRUE(ReadTasks(Write("quiz.jsonl", kChoices), 1, &set).ok());
  ASSERT_EQ(set.tasks.size(), 1u);
  EXPECT_EQ(set.tasks[0].name, "quiz");
  EXPECT_EQ(set.tasks[0].items.size(), 1u);
  EXPECT_EQ(set.tasks[0].items_in_file, 2);
  EXPECT_THAT(set.tasks[0].metrics, ElementsAre(Metric::kAcc, Metric::kAccNorm));
}

TEST_F(TaskReaderTest, SettingsSayHowToScore) {
  Write("data/quiz.jsonl", kChoices);
  const std::string path = Write("quiz.yaml",
                                 "task: my_quiz\nkind: multiple_choice\nitems: data/quiz.jsonl\n"
                                 "metrics: [acc_bytes, acc]\ndelimiter: \"\"\norigin: by hand\n");
  TaskSet set;
  ASSERT_TRUE(ReadTasks(path, 0, &set).ok());
  EXPECT_EQ(set.tasks[0].name, "my_quiz");
  EXPECT_THAT(set.tasks[0].metrics, ElementsAre(Metric::kAccBytes, Metric::kAcc));
}

TEST_F(TaskReaderTest, AGenerationWithFilters) {
  Write("sums.jsonl", "{\"context\": \"2+2=\", \"target\": \"4\"}\n");
  const std::string path = Write("sums.yaml", R"yaml(
kind: generate_until
items: sums.jsonl
until: "\n"
maximum_tokens: 8
regexes_to_ignore: [","]
ignore_case: true
filters:
  - name: last
    filter:
      - {function: regex, regex_pattern: "([0-9]+)", group_select: -1, fallback: none}
      - {function: take_first}
)yaml");
  TaskSet set;
  const absl::Status status = ReadTasks(path, 0, &set);
  ASSERT_TRUE(status.ok()) << status;
  const Task& task = set.tasks[0];
  EXPECT_THAT(task.until, ElementsAre("\n"));
  EXPECT_EQ(task.maximum_tokens, 8);
  EXPECT_TRUE(task.exact_match.ignore_case);
  EXPECT_THAT(task.exact_match.ignored_expressions, ElementsAre(","));
  ASSERT_EQ(task.filters.size(), 1u);
  EXPECT_EQ(task.filters[0].name, "last");
  EXPECT_EQ(task.filters[0].steps[0].group_select, -1);
  EXPECT_EQ(task.filters[0].steps[0].fallback, "none");
  EXPECT_EQ(task.filters[0].steps[1].kind, FilterStepKind::kTakeFirst);
}

TEST_F(TaskReaderTest, GroupsHoldAllTasksBelowThem) {
  for (const char* name : {"a", "b", "c"}) Write(std::string(name) + ".jsonl", kChoices);
  Write("sub/b.yaml", "kind: multiple_choice\nitems: ../b.jsonl\n");
  Write("sub/inner.yaml", "group: inner\ntasks: [b.yaml, ../c.jsonl]\nweight_by_size: false\n");
  const std::string path =
      Write("outer.yaml", "group: outer\ntasks:\n- a.jsonl\n- sub/inner.yaml\nmetrics: [acc]\n");
  TaskSet set;
  const absl::Status status = ReadTasks(path, 0, &set);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(set.tasks.size(), 3u);
  ASSERT_EQ(set.groups.size(), 2u);
  EXPECT_EQ(set.groups[0].name, "outer");
  EXPECT_THAT(set.groups[0].tasks, ElementsAre(0, 1, 2));
  EXPECT_THAT(set.groups[0].metrics, ElementsAre(Metric::kAcc));
  EXPECT_TRUE(set.groups[0].weight_by_size);
  EXPECT_THAT(set.groups[1].tasks, ElementsAre(1, 2));
  EXPECT_THAT(set.groups[1].metrics, ElementsAre(Metric::kAcc, Metric::kAccNorm));
  EXPECT_FALSE(set.groups[1].weight_by_size);
}

TEST_F(TaskReaderTest, BadSettingsAreNamed) {
  Write("q.jsonl", kChoices);
  const std::string head = "kind: multiple_choice\nitems: q.jsonl\n";
  const struct {
    std::string yaml, expected;
  } cases[] = {
      {"items: q.jsonl\n", "\"kind\": expected a value"},
      {"kind: multiple_choise\nitems: q.jsonl\n", ":1: \"kind\": expected multiple_choice"},
      {head + "metric: acc\n", ":3: unknown key 'metric'; the nearest known key is 'metrics'"},
      {head + "metrics: [acc, f1]\n", ":3: \"metrics\": expected some of acc acc_norm"},
      {head + "until: x\n", ":3: \"until\": expected no such key for a task of kind multiple"},
      {"kind: loglikelihood\nitems: q.jsonl\n", "q.jsonl:1: unknown field"},
      {"group: g\ntasks: []\n", "\"tasks\": expected at least one task"},
      {"group: g\ntasks: [bad.yaml]\n", "groups within groups"},
      {"kind: generate_until\nitems: q.jsonl\nmaximum_tokens: 0\n", "a number from 1, found 0"},
      {"kind: generate_until\nitems: q.jsonl\nregexes_to_ignore: [\"(\"]\n",
       "\"regexes_to_ignore\": regular expression '('"},
      {"kind: generate_until\nitems: q.jsonl\nfilters:\n- name: f\n  filter: [{function: "
       "regex}]\n",
       ":5: \"regex_pattern\": expected a regular expression"},
      {"kind: generate_until\nitems: q.jsonl\nfilters:\n- name: f\n  filter: [{function: "
       "vote}]\n",
       "\"function\": expected regex, take_first"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(Refusal(Write("bad.yaml", c.yaml)), HasSubstr(c.expected));
  TaskSet set;
  EXPECT_EQ(ReadTasks(folder_.path() + "/none.yaml", 0, &set).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(
      ReadTasks(Write("x.yaml", "kind: multiple_choice\nitems: none.jsonl\n"), 0, &set).code(),
      absl::StatusCode::kNotFound);
}

TEST_F(TaskReaderTest, TwoTasksOfOneNameAreRefused) {
  const std::string path = Write("quiz.jsonl", kChoices);
  TaskSet set;
  ASSERT_TRUE(ReadTasks(path, 0, &set).ok());
  EXPECT_THAT(std::string(ReadTasks(path, 0, &set).message()), HasSubstr("'quiz' twice"));
}

}  // namespace
}  // namespace strata::tasks
