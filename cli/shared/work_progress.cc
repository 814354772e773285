#include "cli/shared/work_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace strata::cli {

std::string DurationText(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, seconds));
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string WorkProgressLine(const std::string& work, double first_fraction, double fraction,
                             double elapsed_seconds) {
  std::string line = fmt::format("{} {:.1f} %", work, 100 * fraction);
  if (fraction > first_fraction) {
    const double left = elapsed_seconds * (1 - fraction) / (fraction - first_fraction);
    line += fmt::format(" | {} left", DurationText(std::ceil(left)));
  }
  return line;
}

WorkProgress::WorkProgress(std::string work)
    : work_(std::move(work)), terminal_(isatty(STDERR_FILENO) == 1) {}

void WorkProgress::Show(double fraction) {
  const Clock::time_point now = Clock::now();
  if (!start_) {
    start_ = now;
    first_fraction_ = fraction;
  }
  const std::chrono::milliseconds interval(terminal_ ? 500 : 10'000);
  if (last_shown_ && now - *last_shown_ < interval) return;
  last_shown_ = now;
  const std::string line = WorkProgressLine(work_, first_fraction_, fraction,
                                            std::chrono::duration<double>(now - *start_).count());
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", line);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
}

void WorkProgress::Finish() {
  if (terminal_ && last_shown_) fmt::print(stderr, "\n");
}

}  // namespace strata::cli
