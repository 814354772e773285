#include "search/store/run_lock.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

using ::testing::HasSubstr;

class RunLockTest : public ::testing::Test {
 protected:
  TemporaryFolder temporary_;
  const std::string& folder_ = temporary_.path();
};

TEST_F(RunLockTest, OneHolderAtATimeNamedByProcessId) {
  {
    const auto first = RunLock::Acquire(folder_);
    ASSERT_TRUE(first.ok()) << first.status();
    const auto second = RunLock::Acquire(folder_);
    EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(second.status().message()),
                HasSubstr(fmt::format("process {}", getpid())));
    EXPECT_THAT(std::string(second.status().message()), HasSubstr(folder_));
  }
  EXPECT_TRUE(RunLock::Acquire(folder_).ok());
}

TEST_F(RunLockTest, TheHolderIsKnownToOthers) {
  const auto none = RunLock::Holder(folder_);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value()) << "nobody ever locked it";
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/lock")) << "looking writes nothing";
  {
    const auto lock = RunLock::Acquire(folder_);
    ASSERT_TRUE(lock.ok()) << lock.status();
    EXPECT_EQ(*RunLock::Holder(folder_), std::to_string(getpid()));
  }
  EXPECT_FALSE(RunLock::Holder(folder_)->has_value()) << "it is free again";
}

TEST_F(RunLockTest, MovesWithItsHolder) {
  auto first = RunLock::Acquire(folder_);
  ASSERT_TRUE(first.ok());
  {
    const RunLock moved = *std::move(first);
    EXPECT_FALSE(RunLock::Acquire(folder_).ok());
  }
  EXPECT_TRUE(RunLock::Acquire(folder_).ok());
}

TEST_F(RunLockTest, ADeadProcessHoldsNothing) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = RunLock::Acquire(folder_);
    _exit(lock.ok() ? 0 : 1);  // no destructor runs, as in a kill
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(RunLock::Acquire(folder_).ok());
}

TEST_F(RunLockTest, AFolderThatIsNotThereIsNotFound) {
  const auto lock = RunLock::Acquire(folder_ + "/absent");
  EXPECT_EQ(lock.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace strata::search
