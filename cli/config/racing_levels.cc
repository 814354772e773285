#include "cli/config/racing_levels.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

absl::Status Bad(const std::string& text, const std::string& expected) {
  return absl::InvalidArgumentError(fmt::format("expected {}, found '{}'", expected, text));
}

absl::StatusOr<evaluator::Fidelity> ParseLevel(const std::string& text,
                                               const evaluator::Fidelity& last) {
  std::istringstream words(text);
  std::string windows, protocol, arithmetic, more;
  words >> windows >> protocol >> arithmetic >> more;
  evaluator::Fidelity level = last;
  const char* end = windows.data() + windows.size();
  const auto [stopped, error] = std::from_chars(windows.data(), end, level.windows);
  if (error != std::errc() || stopped != end || level.windows < 1 || level.windows > last.windows ||
      !more.empty()) {
    return Bad(text,
               fmt::format("'WINDOWS [PROTOCOL [ARITHMETIC]]' with 1 to {} windows", last.windows));
  }
  for (const absl::Status& status :
       {protocol.empty() ? absl::OkStatus() : workers::ParseName(protocol, &level.protocol),
        arithmetic.empty() ? absl::OkStatus()
                           : workers::ParseName(arithmetic, &level.arithmetic)}) {
    if (!status.ok()) return Bad(text, std::string(status.message()));
  }
  return level;
}

bool IsAlike(const evaluator::Fidelity& one, const evaluator::Fidelity& other) {
  return one.protocol == other.protocol && one.arithmetic == other.arithmetic;
}

}  // namespace

absl::StatusOr<std::vector<evaluator::Fidelity>> ParseRacingLevels(
    const std::vector<std::string>& texts, const evaluator::Fidelity& last) {
  std::vector<evaluator::Fidelity> levels;
  for (const std::string& text : texts) {
    const absl::StatusOr<evaluator::Fidelity> level = ParseLevel(text, last);
    if (!level.ok()) return level.status();
    for (const evaluator::Fidelity& earlier : levels) {
      if (IsAlike(earlier, *level) && earlier.windows >= level->windows) {
        return Bad(text,
                   fmt::format("more than the {} windows of an earlier level", earlier.windows));
      }
    }
    if (IsAlike(*level, last) && level->windows == last.windows) {
      return Bad(text,
                 fmt::format("fewer than the {} windows of the fitness itself", last.windows));
    }
    levels.push_back(*level);
  }
  return levels;
}

}  // namespace strata::cli
