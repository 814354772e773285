#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace strata::cli {
namespace {

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::string DurationText(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, seconds));
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

ProgressLine::ProgressLine(std::string doing)
    : doing_(std::move(doing)),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

ProgressLine::~ProgressLine() {
  if (terminal_ && last_shown_.has_value()) fmt::print(stderr, "\n");
}

void ProgressLine::Show(double fraction) {
  const auto now = std::chrono::steady_clock::now();
  const double between = terminal_ ? 0.2 : 10;
  if (Seconds(now - last_shown_.value_or(start_)) < between) return;
  last_shown_ = now;
  const double left = fraction > 0 ? Seconds(now - start_) * (1 - fraction) / fraction : 0;
  const std::string time = fraction > 0 ? DurationText(left) + " left" : "starting";
  fmt::print(stderr, "{}{}: {:3.0f} %, {}{}", terminal_ ? "\r\033[K" : "", doing_, 100 * fraction,
             time, terminal_ ? "" : "\n");
}

}  // namespace strata::cli
