#include "cli/shared/text_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ContentOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TextOutput, NeverOverwritesUnlessForced) {
  const TemporaryFolder folder;
  const std::string path = folder / "best.json";
  ASSERT_TRUE(WriteTextOutput({path, false}, "first").ok());
  const absl::Status refused = WriteTextOutput({path, false}, "second");
  EXPECT_EQ(refused.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr(path), HasSubstr("--force")));
  EXPECT_EQ(CheckTextOutput({path, false}), refused) << "known before the work";
  EXPECT_EQ(ContentOf(path), "first");
  ASSERT_TRUE(WriteTextOutput({path, true}, "second").ok());
  EXPECT_EQ(ContentOf(path), "second");
  std::filesystem::create_symlink(path, folder / "link");
  EXPECT_EQ(CheckTextOutput({folder / "link", false}).code(), absl::StatusCode::kAlreadyExists);
}

TEST(TextOutput, DevicesAndStandardOutputAreNoFiles) {
  EXPECT_TRUE(CheckTextOutput({"-", false}).ok());
  EXPECT_TRUE(WriteTextOutput({"/dev/null", false}, "x").ok());
}

}  // namespace
}  // namespace strata::cli
