#include "cli/config/starter_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "cli/config/run_config.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

StarterInputs Inputs() {
  StarterInputs inputs;
  inputs.model = "models/my model \"x\".gguf";
  inputs.text = "texts/null";
  inputs.model_name = "tiny\nsearch: {seed: 9}";
  inputs.blocks = 3;
  inputs.model_bytes = 1e9;
  inputs.calibration_tokens = 40000;
  inputs.fitness_tokens = inputs.report_tokens = 20000;
  inputs.processors = 8;
  inputs.memory_bytes = 64e9;
  return inputs;
}

TEST(StarterConfigTest, IsReadBackAndValid) {
  const TemporaryFolder folder;
  const std::string path = folder / "mine.yaml";
  const std::string yaml = StarterConfig(Inputs(), path);
  EXPECT_GE(std::count(yaml.begin(), yaml.end(), '\n'), 12);
  EXPECT_LE(std::count(yaml.begin(), yaml.end(), '\n'), 18);
  std::ofstream(path) << yaml;
  const auto config = LoadRunConfig(path, {});
  ASSERT_TRUE(config.ok()) << config.status() << yaml;
  EXPECT_TRUE(ValidateRunConfig(*config).ok()) << ValidateRunConfig(*config);
  EXPECT_EQ(config->model, Inputs().model);
  EXPECT_EQ(config->text, Inputs().text);
  EXPECT_EQ(config->run, "runs/mine");
  EXPECT_EQ(config->seed, RunConfig().seed) << "a name with a newline sets nothing";
  EXPECT_EQ(config->calibration_sequence_tokens, 256);
  EXPECT_EQ(config->fitness_windows, 8);
  EXPECT_EQ(config->report_windows, 16);
  EXPECT_EQ(config->worker_count, 4);
  EXPECT_EQ(config->worker_threads, 2);
}

TEST(StarterConfigTest, StandardOutputIsCalledMyYaml) {
  EXPECT_THAT(StarterConfig(Inputs(), "-"), HasSubstr("strata search my.yaml --dry-run"));
  EXPECT_THAT(StarterConfig(Inputs(), "-"), HasSubstr("\"runs/my\""));
}

TEST(StarterConfigTest, WindowsFitTheText) {
  StarterInputs inputs = Inputs();
  inputs.fitness_tokens = 600;
  StarterSizes sizes = StarterSizesFor(inputs);
  EXPECT_EQ(sizes.window_tokens, 128);
  EXPECT_EQ(sizes.fitness_windows, 4);
  EXPECT_EQ(sizes.calibration_sequences, 8);
  inputs.fitness_tokens = 40;
  sizes = StarterSizesFor(inputs);
  EXPECT_EQ(sizes.window_tokens, SmallestWindow(0));
  EXPECT_EQ(sizes.fitness_windows, 1);
}

TEST(StarterConfigTest, WindowsFitTheModelsPositions) {
  StarterInputs inputs = Inputs();
  inputs.positions = 100;
  EXPECT_EQ(StarterSizesFor(inputs).window_tokens, 64);
  inputs.positions = 20;
  EXPECT_EQ(StarterSizesFor(inputs).window_tokens, 20);
  EXPECT_EQ(SmallestWindow(20), 20);
}

TEST(StarterConfigTest, WorkersFitTheMemory) {
  StarterInputs inputs = Inputs();
  inputs.memory_bytes = 4e9;
  EXPECT_EQ(StarterSizesFor(inputs).workers, 2);
  EXPECT_EQ(StarterSizesFor(inputs).threads, 4);
  inputs.memory_bytes = 0.5e9;
  EXPECT_EQ(StarterSizesFor(inputs).workers, 1) << "a search needs one";
  inputs = Inputs();
  inputs.processors = 1;
  EXPECT_EQ(StarterSizesFor(inputs).workers, 1);
  EXPECT_EQ(StarterSizesFor(inputs).threads, 1);
}

}  // namespace
}  // namespace strata::cli
