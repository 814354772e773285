#include "evaluator/files/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "evaluator/files/folder.h"
#include "tests/evaluator/support/gguf_writer.h"

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

}  // namespace
}  // namespace strata::evaluator
