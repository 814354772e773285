#include "cli/run/continue_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::ElementsAre;

class ContinueCommandTest : public ::testing::Test {
 protected:
  const TemporaryFolder temporary_;
  const std::string run_ = temporary_ / "my run";
  std::unique_ptr<search::RunStore> store_ = search::RunStore::Create(run_).value();
};

TEST_F(ContinueCommandTest, NeedsTheRunAlone) {
  EXPECT_EQ(ContinueCommand("runs/x"), "strata search --resume runs/x");
  EXPECT_EQ(ContinueCommand("my run"), "strata search --resume 'my run'");
}

TEST_F(ContinueCommandTest, IsStoredForAnyFolder) {
  ASSERT_TRUE(StoreInvocation({}, store_.get()).ok());
  const std::string command = "strata search --resume '" + run_ + "'";
  EXPECT_EQ(*StoredContinueCommand(*store_, run_), command);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(temporary_ / ".");
  EXPECT_EQ(*StoredContinueCommand(*store_, "my run"), "cd " + before.string() + " && " + command);
  std::filesystem::current_path(before);
  EXPECT_EQ(*StartFolder(*store_, run_), before.string());
}

TEST_F(ContinueCommandTest, OfAnOlderRunNeedsNoConfigurationEither) {
  EXPECT_EQ(*StoredContinueCommand(*store_, "/x"), "strata search --resume /x");
  EXPECT_TRUE(KeysGivenEarlier(*store_, "/x")->empty());
  ASSERT_TRUE(store_
                  ->PutProperty("invocation", R"({"folder": "/", "config": "a.yaml",
                                                  "set": ["search.seed=2"]})")
                  .ok());
  EXPECT_THAT(*KeysGivenEarlier(*store_, "/x"), ElementsAre("search.seed"));
}

TEST_F(ContinueCommandTest, KeysOfAllCommandLinesAreKept) {
  RunConfig config;
  config.origins = {{"search.seed", "--set"},
                    {"search.minutes", "my.yaml:3"},
                    {"search.lag", "default"},
                    {"run", "--run"}};
  ASSERT_TRUE(StoreInvocation(config, store_.get()).ok());
  EXPECT_THAT(*KeysGivenEarlier(*store_, run_), ElementsAre("search.seed"));
  config.origins = {{"search.minutes", "--minutes"}};
  ASSERT_TRUE(StoreInvocation(config, store_.get()).ok());
  EXPECT_THAT(*KeysGivenEarlier(*store_, run_), ElementsAre("search.minutes", "search.seed"));
}

TEST_F(ContinueCommandTest, ADamagedInvocationIsAnError) {
  for (const char* text : {"", "[]", "{}", R"({"folder": "", "set": [3]})"}) {
    ASSERT_TRUE(store_->PutProperty("invocation", text).ok());
    EXPECT_EQ(StoredContinueCommand(*store_, run_).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(KeysGivenEarlier(*store_, run_).status().code(), absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace strata::cli
