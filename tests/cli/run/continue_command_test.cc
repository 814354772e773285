#include "cli/run/continue_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

class ContinueCommandTest : public ::testing::Test {
 protected:
  const TemporaryFolder temporary_;
  const std::string run_ = temporary_ / "my run";
  std::unique_ptr<search::RunStore> store_ = search::RunStore::Create(run_).value();
};

TEST_F(ContinueCommandTest, IsQuotedAndHasTheSettings) {
  EXPECT_EQ(ContinueCommand({"a.yaml", {"search.seed=2", "text=my text"}}, "runs/x"),
            "strata search a.yaml --run runs/x --resume --set search.seed=2 --set 'text=my text'");
}

TEST_F(ContinueCommandTest, IsStoredForAnyFolder) {
  ASSERT_TRUE(StoreInvocation({"a.yaml", {"search.seed=2"}}, store_.get()).ok());
  const std::string command =
      "strata search a.yaml --run '" + run_ + "' --resume --set search.seed=2";
  EXPECT_EQ(*StoredContinueCommand(*store_, run_), command);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(temporary_ / ".");
  EXPECT_EQ(*StoredContinueCommand(*store_, "my run"), "cd " + before.string() + " && " + command);
  std::filesystem::current_path(before);
}

TEST_F(ContinueCommandTest, OfAnOlderRunNamesNoConfiguration) {
  EXPECT_EQ(*StoredContinueCommand(*store_, "x"), "strata search CONFIG --run x --resume");
}

TEST_F(ContinueCommandTest, ADamagedInvocationIsAnError) {
  for (const char* text : {"", "[]", "{}", R"({"folder": "", "config": 3, "set": []})"}) {
    ASSERT_TRUE(store_->PutProperty("invocation", text).ok());
    EXPECT_EQ(StoredContinueCommand(*store_, run_).status().code(), absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace strata::cli
