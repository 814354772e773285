#include "cli/run/continued_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/run/continue_command.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ContinuedConfigTest : public ::testing::Test {
 protected:
  // Stores a run that was started with these settings of a file and of its command line.
  void Start(const std::string& yaml, const std::vector<std::string>& overrides) {
    const RunConfig config = Given(yaml, overrides);
    ASSERT_TRUE(store_->PutProperty(search::kConfigProperty, RunConfigToYaml(config)).ok());
    ASSERT_TRUE(StoreInvocation(config, store_.get()).ok());
  }

  // Returns what a command line gives. Without `yaml`, it names the run alone.
  RunConfig Given(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
    const std::string path = temporary_ / "my.yaml";
    std::ofstream(path) << yaml;
    RunConfig config = LoadRunConfig(yaml.empty() ? "" : path, overrides).value();
    config.run = run_;
    config.origins["run"] = "--run";
    return config;
  }

  RunConfig Continue(RunConfig given, Continuation continuation = Continuation::kResume) {
    ::testing::internal::CaptureStderr();
    auto config = ContinuedConfig(std::move(given), *store_, continuation);
    said_ = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? *std::move(config) : RunConfig();
  }

  std::string Refused(RunConfig given, Continuation continuation = Continuation::kResume) {
    return std::string(ContinuedConfig(std::move(given), *store_, continuation).status().message());
  }

  const TemporaryFolder temporary_;
  const std::string run_ = temporary_ / "run";
  std::unique_ptr<search::RunStore> store_ = search::RunStore::Create(run_).value();
  std::string said_;  // on standard error
};

TEST_F(ContinuedConfigTest, TheRunAloneHoldsAllSettings) {
  Start("search: {seed: 7}\nmodel: m.gguf\n", {"search.minutes=3", "group=4"});
  const RunConfig config = Continue(Given(""));
  EXPECT_EQ(config.seed, 7);
  EXPECT_EQ(config.model, "m.gguf");
  EXPECT_EQ(config.minutes, 3);
  EXPECT_EQ(config.group, 4);
  EXPECT_EQ(config.run, run_);
  EXPECT_EQ(said_, "");
}

TEST_F(ContinuedConfigTest, EarlierSettingsOfTheCommandLineOverrideTheFileAgain) {
  const std::string yaml = "model: a.gguf\nsearch: {seed: 7, minutes: 2}\n";
  Start(yaml, {"search.seed=8", "model=b.gguf"});
  const RunConfig config = Continue(Given(yaml));
  EXPECT_EQ(config.seed, 8);
  EXPECT_EQ(config.model, "b.gguf");
  EXPECT_THAT(said_, HasSubstr("my.yaml:2: 'search.seed' is 7, but the run keeps 8"));
  EXPECT_EQ(said_.find("minutes"), std::string::npos) << said_;
}

TEST_F(ContinuedConfigTest, WhatContradictsTheRunIsRefusedByName) {
  const std::string yaml = "search: {seed: 7}\n";
  Start(yaml, {"group=4"});
  EXPECT_THAT(Refused(Given(yaml, {"group=8"})),
              AllOf(HasSubstr("--set: 'group' is 8"), HasSubstr("has 4")));
  EXPECT_THAT(Refused(Given("search: {seed: 9}\n")), HasSubstr("my.yaml:1: 'search.seed' is 9"));
  EXPECT_THAT(Refused(Given("", {"search.maximum_evaluations=9"})), HasSubstr("--extend"));
}

TEST_F(ContinuedConfigTest, WhatMayChangeIsSaid) {
  Start("workers: {address: 'unix:x', count: 3}\n", {"search.maximum_evaluations=20"});
  const RunConfig config = Continue(
      Given("", {"search.maximum_evaluations=30", "workers.address=auto"}), Continuation::kExtend);
  EXPECT_EQ(config.maximum_evaluations, 30);
  EXPECT_EQ(config.address, "auto");
  EXPECT_EQ(config.worker_count, 3);
  EXPECT_THAT(said_,
              AllOf(HasSubstr("--set: 'search.maximum_evaluations' is 30 from now on; the run had "
                              "20"),
                    HasSubstr("'workers.address' is auto from now on; the run had unix:x")));
}

// The granularity leads to other defaults, which nobody gave.
TEST_F(ContinuedConfigTest, DefaultsOfAGranularityAreNotGiven) {
  const std::string yaml = "granularity: linear\n";
  Start(yaml, {"granularity=block"});
  EXPECT_EQ(Continue(Given(yaml)).granularity, evaluator::Granularity::kBlock);
  EXPECT_THAT(Refused(Given(yaml, {"granularity=kind"})), HasSubstr("'granularity' is kind"));
}

TEST_F(ContinuedConfigTest, TheStorageOpensAsTheRunWasCreated) {
  Start("", {"storage.network_file_system=allow", "storage.fsync=checkpoint"});
  EXPECT_TRUE(ContinuedStorage(Given("")).allow_network_file_system);
  EXPECT_EQ(ContinuedStorage(Given("")).fsync, search::Fsync::kCheckpoint);
  const RunConfig refuses = Given("", {"storage.network_file_system=refuse"});
  EXPECT_FALSE(ContinuedStorage(refuses).allow_network_file_system);
}

TEST_F(ContinuedConfigTest, ARunThatNeverStartedHasNothingToContinue) {
  EXPECT_THAT(Refused(Given("")), HasSubstr("holds no configuration to resume"));
}

}  // namespace
}  // namespace strata::cli
