#include "search/store/watched_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class WatchedFileTest : public ::testing::Test {
 protected:
  WatchedFileTest() { folder_.Write("file", "a"); }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "file";
};

TEST_F(WatchedFileTest, AFileThatIsOnlyWrittenToIsTheSame) {
  const auto watched = WatchedFile::Watch(path_);
  ASSERT_TRUE(watched.ok()) << watched.status();
  EXPECT_TRUE(watched->Check().ok());
  folder_.Write("file", "b");
  EXPECT_TRUE(watched->Check().ok());
  std::filesystem::create_hard_link(path_, folder_ / "second");
  EXPECT_TRUE(watched->Check().ok());
}

TEST_F(WatchedFileTest, AFileThatIsMovedBackIsTheSameAgain) {
  const auto watched = WatchedFile::Watch(path_);
  ASSERT_TRUE(watched.ok());
  std::filesystem::rename(path_, folder_ / "moved");
  EXPECT_THAT(std::string(watched->Check().message()),
              AllOf(HasSubstr(path_ + ": expected the file that this process opened"),
                    HasSubstr("found nothing; the file was moved to " + (folder_ / "moved"))));
  std::filesystem::rename(folder_ / "moved", path_);
  EXPECT_TRUE(watched->Check().ok());
}

TEST_F(WatchedFileTest, ACopyInItsPlaceIsAnotherFile) {
  const auto watched = WatchedFile::Watch(path_);
  ASSERT_TRUE(watched.ok());
  std::filesystem::copy_file(path_, folder_ / "copy");
  std::filesystem::rename(folder_ / "copy", path_);
  EXPECT_EQ(watched->Check().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(watched->Check().message()),
              HasSubstr("found another file; the file was removed"));
}

TEST_F(WatchedFileTest, OnlyWhatExistsCanBeWatched) {
  EXPECT_EQ(WatchedFile::Watch(folder_ / "none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace strata::search
