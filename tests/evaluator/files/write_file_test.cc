#include "evaluator/files/write_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace strata::cli {
namespace {

class WriteFileTest : public ::testing::Test {
 protected:
  WriteFileTest() : folder_(::testing::TempDir() + "/write_file_test") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  std::string Read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  size_t FilesInFolder() {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  const std::string folder_;
};

TEST_F(WriteFileTest, ReplacesTheWholeFile) {
  const std::string path = folder_ + "/out.json";
  ASSERT_TRUE(WriteFileAtomically(path, "a long first content").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "second").ok());
  EXPECT_EQ(Read(path), "second");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(WriteFileTest, FollowsALinkAndKeepsIt) {
  const std::string path = folder_ + "/target.json";
  const std::string link = folder_ + "/link.json";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  std::filesystem::create_symlink("target.json", link);
  ASSERT_TRUE(WriteFileAtomically(link, "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(Read(path), "new");
}

TEST_F(WriteFileTest, DevicesAreWrittenToAndFoldersRefused) {
  EXPECT_TRUE(WriteFileAtomically("/dev/null", "x").ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  const absl::Status full = WriteFileAtomically("/dev/full", "x");
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(WriteFileAtomically(folder_, "x").code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(WriteFileTest, MissingFolderIsNamed) {
  const absl::Status status = WriteFileAtomically(folder_ + "/none/out.json", "x");
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("none/out.json"));
  EXPECT_FALSE(status.ok());
}

// A limit on file size stands for a full disk: the write fails after some bytes.
TEST_F(WriteFileTest, FailedWriteLeavesTheOldFileAndNothingElse) {
  const std::string path = folder_ + "/out.json";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  EXPECT_EXIT(
      {
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit limit;
        limit.rlim_cur = limit.rlim_max = 100;
        setrlimit(RLIMIT_FSIZE, &limit);
        const bool ok = WriteFileAtomically(path, std::string(1000, 'x')).ok();
        std::exit(ok ? 1 : 0);
      },
      ::testing::ExitedWithCode(0), "");
  EXPECT_EQ(Read(path), "old");
  EXPECT_EQ(FilesInFolder(), 1u);
}

}  // namespace
}  // namespace strata::cli
