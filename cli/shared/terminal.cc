#include "cli/shared/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace strata::cli {
namespace {

constexpr size_t kUsualColumns = 80;
constexpr size_t kLeastColumns = 20;

// Returns 0 if `digits` is no whole number. The variable is the shell's, so what it holds is no
// mistake of a user of this program.
size_t NumberOrZero(const char* digits) {
  const std::string_view text = digits == nullptr ? "" : digits;
  size_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? number : 0;
}

}  // namespace

std::optional<size_t> TerminalColumns(int descriptor) {
  if (isatty(descriptor) != 1) return std::nullopt;
  winsize size = {};
  size_t columns = ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
  if (columns == 0) columns = NumberOrZero(std::getenv("COLUMNS"));
  if (columns == 0) columns = kUsualColumns;
  return std::max(columns, kLeastColumns);
}

void AddWideOption(CLI::App* verb, bool* wide) {
  verb->add_flag("--wide", *wide,
                 "Print every row on one line, even if it is wider than the terminal. What does "
                 "not go to a terminal is always printed so.");
}

Page OutputPage(bool wide) { return Page{wide ? std::nullopt : TerminalColumns(STDOUT_FILENO)}; }

void PrintFolded(const std::string& text, const Page& page) {
  fmt::print("{}", Folded(text, page));
}

}  // namespace strata::cli
