#include "cli/config/run_tasks.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

class RunTasksTest : public ::testing::Test {
 protected:
  RunTasksTest() : model_(evaluator::WaveModelGguf()) {
    std::ofstream file(folder_.path() + "/choices.jsonl");
    for (int i = 0; i < 40; ++i) {
      file << fmt::format(
          "{{\"context\": \"item {}\", \"choices\": [\" a\", \" b\"], \"gold\": {}}}\n", i, i % 2);
    }
    config_.model = model_.path();
    config_.fitness_tasks = {folder_.path()};
    config_.fitness_task_items = 3;
  }
  TemporaryFile model_;
  TemporaryFolder folder_;
  RunConfig config_;
};

TEST_F(RunTasksTest, HalvesAreCountedAndJsonReadsBack) {
  const auto tasks = ReadRunTasks(config_);
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  ASSERT_EQ(tasks->tasks.size(), 1u);
  EXPECT_EQ(tasks->tasks[0].name, "choices");
  EXPECT_EQ(tasks->tasks[0].metric, "acc_norm");
  EXPECT_EQ(tasks->tasks[0].fitness_items, 3);
  EXPECT_GT(tasks->tasks[0].report_items, 8);
  EXPECT_LT(tasks->tasks[0].report_items, 32);
  // Two choices for each item, whose contexts of several tokens are shared.
  EXPECT_EQ(tasks->tasks[0].fitness_reading.sequences, 2 * 3);
  EXPECT_EQ(tasks->tasks[0].report_reading.sequences, 2 * tasks->tasks[0].report_items);
  EXPECT_GE(tasks->tasks[0].fitness_reading.tokens, 2 * 3);
  EXPECT_GT(tasks->tasks[0].report_reading.tokens, tasks->tasks[0].fitness_reading.tokens);
  const auto read = RunTasksFromJson(ToJson(*tasks).dump());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJson(*read), ToJson(*tasks));
  EXPECT_EQ(read->digest.size(), 64u);
}

TEST_F(RunTasksTest, NoTasksAreNoError) {
  config_.fitness_tasks.clear();
  const auto tasks = ReadRunTasks(config_);
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  EXPECT_TRUE(tasks->tasks.empty());
  EXPECT_TRUE(RunTasksFromJson("")->tasks.empty());
}

TEST_F(RunTasksTest, ErrorsNameTheKeyAndDamageIsFound) {
  config_.fitness_tasks = {folder_.path() + "/none.yaml"};
  const auto tasks = ReadRunTasks(config_);
  EXPECT_THAT(std::string(tasks.status().message()), HasSubstr("fitness.tasks: "));
  EXPECT_THAT(std::string(tasks.status().message()), HasSubstr("none.yaml"));
  EXPECT_EQ(RunTasksFromJson("{}").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(RunTasksFromJson("nonsense").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace strata::cli
