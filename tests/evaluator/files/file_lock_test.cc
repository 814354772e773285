#include "evaluator/files/file_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/evaluator/banks/bank_test_support.h"

namespace strata::evaluator {
namespace {

TEST(FileLockTest, HasOneHolderAtATime) {
  const BankFolder folder;
  const std::string path = folder.File("lock");
  {
    auto lock = FileLock::TryAcquire(path);
    ASSERT_TRUE(lock.ok()) << lock.status();
    const FileLock moved = *std::move(lock);
    const absl::Status status = FileLock::TryAcquire(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(path));
  }
  EXPECT_TRUE(FileLock::TryAcquire(path).ok());
}

TEST(FileLockTest, AFolderThatIsMissingIsNamed) {
  const BankFolder folder;
  const absl::Status status = FileLock::TryAcquire(folder.File("none/lock")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("none/lock: cannot open"));
}

}  // namespace
}  // namespace strata::evaluator
