#include "evaluator/files/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "evaluator/files/file_system.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string TextOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(UnfinishedOutput, HasItsNameOnlyWhenCommitted) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/model";
  auto output = UnfinishedOutput::At(path + "//");
  ASSERT_TRUE(output.ok()) << output.status();
  fs::create_directory(output->path());
  ASSERT_TRUE(WriteNewFile(output->path() + "/a", "text").ok());
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE(output->Commit().ok());
  EXPECT_EQ(TextOf(path + "/a"), "text");
  EXPECT_FALSE(fs::exists(output->path()));
}

TEST(UnfinishedOutput, IsRemovedUnlessCommitted) {
  const TemporaryFolder folder;
  std::string temporary;
  {
    auto output = UnfinishedOutput::At(folder.path() + "/model");
    ASSERT_TRUE(output.ok());
    const UnfinishedOutput moved = *std::move(output);
    temporary = moved.path();
    fs::create_directory(temporary);
    ASSERT_TRUE(WriteNewFile(temporary + "/a", "text").ok());
  }
  EXPECT_FALSE(fs::exists(temporary));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(UnfinishedOutput, WhatIsThereIsNeverReplaced) {
  const TemporaryFolder folder;
  folder.Write("file", "kept");
  const auto at_file = UnfinishedOutput::At(folder.path() + "/file");
  EXPECT_TRUE(absl::IsAlreadyExists(at_file.status()));
  EXPECT_THAT(std::string(at_file.status().message()), HasSubstr("found a file"));
  EXPECT_THAT(std::string(UnfinishedOutput::At(folder.path()).status().message()),
              HasSubstr("found a folder"));
  EXPECT_TRUE(absl::IsNotFound(UnfinishedOutput::At(folder.path() + "/no/model").status()));
  EXPECT_FALSE(UnfinishedOutput::At("").ok());

  auto output = UnfinishedOutput::At(folder.path() + "/late");
  ASSERT_TRUE(output.ok());
  ASSERT_TRUE(WriteNewFile(output->path(), "new").ok());
  folder.Write("late", "kept");
  EXPECT_TRUE(absl::IsAlreadyExists(output->Commit()));
  EXPECT_EQ(TextOf(folder.path() + "/late"), "kept");
}

TEST(OutputFile, IsWrittenInAnyOrderAndKeepsItsSize) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a";
  auto file = OutputFile::Create(path, 6);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(fs::file_size(path), 6u);
  EXPECT_TRUE(file->Write(3, BytesOf("def")).ok());
  EXPECT_TRUE(file->Write(0, BytesOf("abc")).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(file->Write(4, BytesOf("xyz"))));
  EXPECT_TRUE(absl::IsInvalidArgument(file->Write(-1, BytesOf("x"))));
  EXPECT_TRUE(absl::IsInvalidArgument(file->Write(7, {})));
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(TextOf(path), "abcdef");
  EXPECT_TRUE(absl::IsAlreadyExists(OutputFile::Create(path, 1).status()));
}

TEST(OutputFile, AFullDiskIsFoundBeforeTheWork) {
  const TemporaryFolder folder;
  const auto file = OutputFile::Create(folder.path() + "/a", int64_t{1} << 60);
  EXPECT_TRUE(absl::IsResourceExhausted(file.status())) << file.status();
  EXPECT_THAT(std::string(file.status().message()),
              ::testing::AllOf(HasSubstr("reserve 1152921504606846976 bytes"), HasSubstr("free")));
  EXPECT_GT(FreeBytes(folder.path()).value(), 0);
  EXPECT_EQ(FolderOf("name"), ".");
  EXPECT_EQ(FolderOf("/a/b"), "/a");
}

class WriteFileAtomicallyTest : public ::testing::Test {
 protected:
  size_t FilesInFolder() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_.path()), {}));
  }

  const TemporaryFolder folder_;
};

TEST_F(WriteFileAtomicallyTest, ReplacesTheWholeFile) {
  const std::string path = folder_ / "out.json";
  ASSERT_TRUE(WriteFileAtomically(path, "a long first content").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "second").ok());
  EXPECT_EQ(TextOf(path), "second");
  ASSERT_TRUE(WriteFileAtomically(path, "").ok());
  EXPECT_EQ(TextOf(path), "");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(WriteFileAtomicallyTest, TheFileHasTheModeThatWasAskedFor) {
  const std::string path = folder_ / "script";
  const auto mode = [&path] { return fs::status(path).permissions(); };
  ASSERT_TRUE(WriteFileAtomically(path, "x").ok());
  EXPECT_EQ(mode() & fs::perms::owner_all, fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_TRUE(WriteFileAtomically(path, "x", 0700).ok());
  EXPECT_EQ(mode(), fs::perms::owner_all);
  ASSERT_TRUE(WriteFileAtomically(path, "x", 0600).ok());
  EXPECT_EQ(mode(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(WriteFileAtomicallyTest, FollowsALinkAndKeepsIt) {
  const std::string path = folder_ / "target.json";
  const std::string link = folder_ / "link.json";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  fs::create_symlink("target.json", link);
  ASSERT_TRUE(WriteFileAtomically(link, "new").ok());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(TextOf(path), "new");
}

TEST_F(WriteFileAtomicallyTest, DevicesAreWrittenToAndFoldersRefused) {
  EXPECT_TRUE(WriteFileAtomically("/dev/null", "x").ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  const absl::Status full = WriteFileAtomically("/dev/full", "x");
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(WriteFileAtomically(folder_.path(), "x").code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(WriteFileAtomicallyTest, MissingFolderIsNamed) {
  const absl::Status status = WriteFileAtomically(folder_ / "none/out.json", "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("none/out.json: cannot create"));
}

TEST_F(WriteFileAtomicallyTest, WhatAnEarlierProcessLeftBehindIsNoObstacle) {
  const std::string path = folder_ / "out.json";
  // A process that was killed had the same id and stopped in the middle of a file.
  const std::string left_behind = UnfinishedOutput::Over(path).path();
  const size_t dash = left_behind.rfind('-');
  const int next = std::stoi(left_behind.substr(dash + 1)) + 1;
  const std::string stale = left_behind.substr(0, dash + 1) + std::to_string(next);
  std::ofstream(stale) << "half";
  ASSERT_TRUE(WriteFileAtomically(path, "whole").ok());
  EXPECT_EQ(TextOf(path), "whole");
  EXPECT_EQ(TextOf(stale), "half");
}

// A limit on the size of files stands for a full disk: the file cannot be as long as it must be.
TEST_F(WriteFileAtomicallyTest, AFailureLeavesTheOldFileAndNothingElse) {
  const std::string path = folder_ / "out.json";
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  EXPECT_EXIT(
      {
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit limit;
        limit.rlim_cur = limit.rlim_max = 100;
        setrlimit(RLIMIT_FSIZE, &limit);
        const absl::Status status = WriteFileAtomically(path, std::string(1000, 'x'));
        std::exit(absl::IsResourceExhausted(status) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
  EXPECT_EQ(TextOf(path), "old");
  EXPECT_EQ(FilesInFolder(), 1u);
}

}  // namespace
}  // namespace strata::evaluator
