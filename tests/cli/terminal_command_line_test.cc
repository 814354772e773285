// The program on a terminal of 80 columns. These verbs need no model.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <string>
#include <vector>

#include "cli/shared/page.h"

namespace strata::cli {
namespace {

// Returns what the program writes to a terminal with so many columns.
std::string OnTerminal(std::vector<std::string> arguments, unsigned short columns) {
  arguments.insert(arguments.begin(), STRATA_PROGRAM);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int master = -1;
  const winsize size = {.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  const pid_t process = forkpty(&master, nullptr, nullptr, &size);
  if (process == 0) {
    execv(STRATA_PROGRAM, argv.data());
    _exit(127);
  }
  std::string text;
  char buffer[4096];
  // The terminal reports an error when its last writer is gone.
  for (ssize_t bytes = 1; bytes > 0 || (bytes < 0 && errno == EINTR);) {
    bytes = read(master, buffer, sizeof(buffer));
    if (bytes > 0) text.append(buffer, static_cast<size_t>(bytes));
  }
  int status = 0;
  waitpid(process, &status, 0);
  close(master);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << text;
  std::erase(text, '\r');
  return text;
}

size_t Widest(const std::string& text) {
  size_t widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, ColumnsOf(line));
  return widest;
}

TEST(TerminalCommandLineTest, TablesFitTheTerminalUnlessAskedToBeWide) {
  const std::vector<std::vector<std::string>> commands = {
      {"config", "--all"},
      {"config", "--set", "search.baselines=uniform,owl"},
      {"functions"},
      {"functions", "owl"},
      {"functions", "--operators"},
      {"explain", "owl", "--latex"}};
  for (const auto& command : commands) {
    const std::string named = fmt::format("{} {}", command[0], command.size());
    const std::string text = OnTerminal(command, 80);
    EXPECT_FALSE(text.empty());
    EXPECT_LE(Widest(text), 80u) << named << "\n" << text;
    EXPECT_LE(Widest(OnTerminal(command, 50)), 50u) << named;
    std::vector<std::string> wide = command;
    wide.emplace_back("--wide");
    EXPECT_GT(Widest(OnTerminal(wide, 80)), 80u) << named;
  }
}

}  // namespace
}  // namespace strata::cli
