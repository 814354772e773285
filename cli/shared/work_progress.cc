#include "cli/shared/work_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace strata::cli {

std::string DurationText(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, seconds));
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::vector<std::string> WorkProgressParts(const std::string& work, double first_fraction,
                                           double fraction, double elapsed_seconds) {
  std::vector<std::string> parts = {fmt::format("{:.1f} %", 100 * fraction)};
  if (fraction > first_fraction) {
    const double left = elapsed_seconds * (1 - fraction) / (fraction - first_fraction);
    parts.push_back(fmt::format("{} left", DurationText(std::ceil(left))));
  }
  parts.push_back(work);
  return parts;
}

WorkProgress::WorkProgress(std::string work) : work_(std::move(work)) {}

void WorkProgress::Show(double fraction) {
  const Clock::time_point now = Clock::now();
  if (!start_) {
    start_ = now;
    first_fraction_ = fraction;
  }
  if (!line_.IsDue()) return;
  line_.Show(WorkProgressParts(work_, first_fraction_, fraction,
                               std::chrono::duration<double>(now - *start_).count()));
}

void WorkProgress::Finish() { line_.Finish(); }

}  // namespace strata::cli
