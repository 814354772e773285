#include "evaluator/files/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using absl::StatusCode;

TEST(FileStatusTest, EveryReasonHasOneCode) {
  for (const auto& [error, code] : std::initializer_list<std::pair<int, StatusCode>>{
           {ENOENT, StatusCode::kNotFound},
           {ENOTDIR, StatusCode::kNotFound},
           {EEXIST, StatusCode::kAlreadyExists},
           {EACCES, StatusCode::kPermissionDenied},
           {EPERM, StatusCode::kPermissionDenied},
           {EROFS, StatusCode::kPermissionDenied},
           {ENOSPC, StatusCode::kResourceExhausted},
           {EDQUOT, StatusCode::kResourceExhausted},
           {EFBIG, StatusCode::kResourceExhausted},
           {EIO, StatusCode::kResourceExhausted},
           {ENOMEM, StatusCode::kResourceExhausted},
           {EMFILE, StatusCode::kResourceExhausted},
           {ENFILE, StatusCode::kResourceExhausted},
           {EISDIR, StatusCode::kInvalidArgument},
           {ELOOP, StatusCode::kInvalidArgument},
           {ENAMETOOLONG, StatusCode::kInvalidArgument},
           {EBUSY, StatusCode::kUnavailable}}) {
    EXPECT_EQ(FileStatus(error, "open", "/a").code(), code) << std::strerror(error);
  }
  EXPECT_EQ(FileStatus(EACCES, "open", "/a").message(), "/a: cannot open: Permission denied");
}

TEST(FileSystemTest, FlushesFilesAndFolders) {
  const TemporaryFolder folder;
  folder.Write("a", "text");
  EXPECT_TRUE(FlushPath(folder / "a").ok());
  EXPECT_TRUE(FlushPath(folder.path()).ok());
  EXPECT_EQ(FlushPath(folder / "none").code(), StatusCode::kNotFound);
}

TEST(FileSystemTest, WritesMoreThanAPipeHolds) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string text(1 << 20, 'x');
  std::string read_text;
  std::thread reader([&] {
    char buffer[4096];
    for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof(buffer))) > 0;) {
      read_text.append(buffer, static_cast<size_t>(count));
    }
  });
  EXPECT_TRUE(WriteAll(ends[1], text, "pipe").ok());
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_EQ(read_text, text);
  EXPECT_EQ(WriteAll(-1, text, "pipe").message(), "pipe: cannot write: Bad file descriptor");
  EXPECT_TRUE(WriteAll(-1, "", "pipe").ok());
}

TEST(FileLockTest, HasOneHolderAtATime) {
  const TemporaryFolder folder;
  const std::string path = folder / "lock";
  {
    auto lock = FileLock::TryAcquire(path);
    ASSERT_TRUE(lock.ok()) << lock.status();
    const FileLock moved = *std::move(lock);
    const absl::Status status = FileLock::TryAcquire(path).status();
    EXPECT_EQ(status.code(), StatusCode::kAborted);
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(path));
  }
  EXPECT_TRUE(FileLock::TryAcquire(path).ok());
}

TEST(FileLockTest, AFolderThatIsMissingIsNamed) {
  const TemporaryFolder folder;
  const absl::Status status = FileLock::TryAcquire(folder / "none/lock").status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("none/lock: cannot open"));
}

}  // namespace
}  // namespace strata::evaluator
