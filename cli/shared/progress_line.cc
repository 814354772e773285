#include "cli/shared/progress_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>

#include "cli/shared/page.h"
#include "cli/shared/terminal.h"

namespace strata::cli {
namespace {

std::string Joined(const std::vector<std::string>& parts, size_t count) {
  return fmt::format("{}",
                     fmt::join(parts.begin(), parts.begin() + static_cast<long>(count), " | "));
}

}  // namespace

std::string ProgressText(const std::vector<std::string>& parts, std::optional<size_t> columns) {
  std::string whole = Joined(parts, parts.size());
  if (!columns || ColumnsOf(whole) <= *columns) return whole;
  for (size_t count = parts.size() - 1; count > 0; --count) {
    std::string text = Joined(parts, count) + " …";
    if (ColumnsOf(text) <= *columns) return text;
  }
  return ShortenedTo(whole, *columns);
}

ProgressLine::ProgressLine() : is_terminal_(isatty(STDERR_FILENO) == 1) {}

bool ProgressLine::IsDue() const {
  const std::chrono::milliseconds interval(is_terminal_ ? 500 : 10'000);
  return !last_shown_ || Clock::now() - *last_shown_ >= interval;
}

void ProgressLine::Show(const std::vector<std::string>& parts) {
  last_shown_ = Clock::now();
  // The width is read every time, because a window can change its size.
  if (const auto columns = TerminalColumns(STDERR_FILENO); is_terminal_ && columns) {
    fmt::print(stderr, "\r\x1b[K{}", ProgressText(parts, *columns - 1));
  } else {
    fmt::print(stderr, "{}\n", ProgressText(parts, std::nullopt));
  }
  std::fflush(stderr);
}

void ProgressLine::Finish() {
  if (is_terminal_ && last_shown_) fmt::print(stderr, "\n");
}

}  // namespace strata::cli
