#include "cli/shared/command.h"

#include <gtest/gtest.h>

namespace strata::cli {
namespace {

TEST(CommandTest, ShellQuoting) {
  EXPECT_EQ(ShellQuoted("runs/demo-1.yaml"), "runs/demo-1.yaml");
  EXPECT_EQ(ShellQuoted("my run"), "'my run'");
  EXPECT_EQ(ShellQuoted("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuoted("$HOME"), "'$HOME'");
  EXPECT_EQ(ShellQuoted(""), "''");
}

TEST(CommandTest, ExitCodes) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCode(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCode(absl::ResourceExhaustedError("")), 2);
  EXPECT_EQ(ExitCode(absl::CancelledError("")), 130);
  EXPECT_EQ(ExitCode(absl::InternalError("")), 1);
}

}  // namespace
}  // namespace strata::cli
