#include "workers/wire/field_checks.h"

#include <fmt/format.h>

#include <cmath>

namespace strata::workers {

absl::Status CheckCount(const char* field, int64_t value) {
  constexpr int64_t kMaximumCount = 1'000'000;
  if (value >= 1 && value <= kMaximumCount) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: expected 1 to {}, found {}", field, kMaximumCount, value));
}

absl::Status CheckRange(const std::string& field, double value, double minimum, double maximum) {
  if (std::isfinite(value) && value >= minimum && value <= maximum) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: expected a number of {} to {}, found {}", field, minimum, maximum, value));
}

absl::Status CheckSeconds(const char* field, double value) {
  return CheckRange(field, value, 0, 1e9);
}

}  // namespace strata::workers
