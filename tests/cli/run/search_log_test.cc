#include "cli/run/search_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <fstream>
#include <iterator>

#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

class SearchLogTest : public ::testing::Test {
 protected:
  ~SearchLogTest() override { spdlog::set_default_logger(before_); }

  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(SearchLogTest, AFullDiskIsReportedOnceAndNotByTheLibrary) {
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(LogToFile("/dev/full", false).ok());
  EXPECT_EQ(LogFailure(), "");
  for (int i = 0; i < 3; ++i) spdlog::warn("a line that has no place");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_THAT(LogFailure(), HasSubstr("No space left"));
}

TEST_F(SearchLogTest, LinesAreAppendedAndTheLastFailureIsForgotten) {
  const TemporaryFolder folder;
  for (const char* line : {"first", "second"}) {
    ASSERT_TRUE(LogToFile(folder / "log", false).ok());
    spdlog::info("{}", line);
  }
  EXPECT_EQ(LogFailure(), "");
  std::ifstream file(folder / "log");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_LT(text.find("first"), text.find("second"));
  EXPECT_THAT(text, HasSubstr("second"));
}

TEST_F(SearchLogTest, AFolderThatIsMissingIsAnError) {
  EXPECT_FALSE(LogToFile("/proc/none/log", false).ok());
}

}  // namespace
}  // namespace strata::cli
