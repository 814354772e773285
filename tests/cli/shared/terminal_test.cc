#include "cli/shared/terminal.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace strata::cli {
namespace {

// A terminal that says it has so many columns; 0: it does not know.
class TerminalTest : public ::testing::Test {
 protected:
  TerminalTest() { unsetenv("COLUMNS"); }
  ~TerminalTest() override { unsetenv("COLUMNS"); }

  static std::optional<size_t> ColumnsWhere(unsigned short columns) {
    int master = -1, terminal = -1;
    const winsize size = {.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(openpty(&master, &terminal, nullptr, nullptr, &size), 0);
    const auto found = TerminalColumns(terminal);
    close(terminal);
    close(master);
    return found;
  }
};

TEST_F(TerminalTest, TheTerminalItselfCountsBeforeTheVariableAndTheUsualWidth) {
  EXPECT_EQ(ColumnsWhere(63), 63u);
  EXPECT_EQ(ColumnsWhere(0), 80u);
  setenv("COLUMNS", "71", 1);
  EXPECT_EQ(ColumnsWhere(63), 63u);
  EXPECT_EQ(ColumnsWhere(0), 71u);
  setenv("COLUMNS", "wide", 1);
  EXPECT_EQ(ColumnsWhere(0), 80u);
  EXPECT_EQ(ColumnsWhere(3), 20u);
}

TEST_F(TerminalTest, WhatIsNoTerminalHasNoWidth) {
  setenv("COLUMNS", "71", 1);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(TerminalColumns(ends[1]), std::nullopt);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace strata::cli
