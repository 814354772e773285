#include "pruning/level_grid.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <numeric>

#include "expr/status_macros.h"

namespace strata::pruning {
namespace {

// A multiple of 10,000 and of 128.
constexpr int64_t kUnitsOfOne = 80'000;
constexpr double kTolerance = 1e-9;
constexpr int kMostLevels = 256;

absl::StatusOr<int64_t> UnitsOf(double value, const std::string& what) {
  const double units = value * static_cast<double>(kUnitsOfOne);
  // The comparisons are written so that NaN fails.
  if (!(std::fabs(value) <= 1) ||
      !(std::fabs(units - std::round(units)) <= kTolerance * static_cast<double>(kUnitsOfOne))) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: expected a sparsity of at least 0 and below 1 with at most four decimals, or a "
        "multiple of 1/128, found {}",
        what, value));
  }
  return static_cast<int64_t>(std::llround(units));
}

absl::StatusOr<int64_t> ParseUnits(std::string_view text, const std::string& what) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected a number, found '{}'", what, std::string(text)));
  }
  return UnitsOf(value, what);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

double SparsityOf(int64_t units) {
  return static_cast<double>(units) / static_cast<double>(kUnitsOfOne);
}

absl::StatusOr<std::vector<int64_t>> ParseRange(const std::vector<std::string_view>& parts) {
  int64_t numbers[3];
  constexpr const char* kNames[] = {"first level", "last level", "step"};
  for (int i = 0; i < 3; ++i) {
    STRATA_ASSIGN_OR_RETURN(const int64_t units, ParseUnits(parts[i], kNames[i]));
    numbers[i] = units;
  }
  const auto [first, last, step] = numbers;
  if (step <= 0 || last < first || (last - first) % step != 0) {
    return absl::InvalidArgumentError(fmt::format(
        "expected FIRST:LAST:STEP with whole steps upwards from the first level to the last, found "
        "{}:{}:{}",
        SparsityOf(first), SparsityOf(last), SparsityOf(step)));
  }
  // Too many levels are listed too, so that the error can say how many there are.
  std::vector<int64_t> units;
  for (int64_t unit = first; unit <= last; unit += step) units.push_back(unit);
  return units;
}

}  // namespace

absl::StatusOr<LevelGrid> LevelGrid::FromUnits(const std::vector<int64_t>& units) {
  if (units.empty() || units.size() > kMostLevels) {
    return absl::InvalidArgumentError(
        fmt::format("expected from 1 to {} levels, found {}", kMostLevels, units.size()));
  }
  int64_t divisor = kUnitsOfOne;
  for (size_t i = 0; i < units.size(); ++i) {
    if (units[i] < 0 || units[i] >= kUnitsOfOne) {
      return absl::InvalidArgumentError(
          fmt::format("level {}: expected a sparsity of at least 0 and below 1, found {}", i + 1,
                      SparsityOf(units[i])));
    }
    if (i > 0 && units[i] <= units[i - 1]) {
      return absl::InvalidArgumentError(
          fmt::format("level {}: expected levels in ascending order, each once, found {} after {}",
                      i + 1, SparsityOf(units[i]), SparsityOf(units[i - 1])));
    }
    divisor = std::gcd(divisor, units[i]);
  }
  LevelGrid grid;
  grid.denominator_ = kUnitsOfOne / divisor;
  for (const int64_t unit : units) {
    grid.numerators_.push_back(unit / divisor);
    grid.levels_.push_back(static_cast<double>(unit / divisor) /
                           static_cast<double>(grid.denominator_));
  }
  return grid;
}

absl::StatusOr<LevelGrid> LevelGrid::Create(std::span<const double> levels) {
  std::vector<int64_t> units;
  for (const double level : levels) {
    STRATA_ASSIGN_OR_RETURN(const int64_t unit,
                            UnitsOf(level, fmt::format("level {}", units.size() + 1)));
    units.push_back(unit);
  }
  return FromUnits(units);
}

absl::StatusOr<LevelGrid> LevelGrid::Parse(std::string_view text) {
  const std::vector<std::string_view> range = Split(text, ':');
  if (range.size() == 3) {
    const absl::StatusOr<std::vector<int64_t>> units = ParseRange(range);
    return units.ok() ? FromUnits(*units) : units.status();
  }
  if (range.size() != 1) {
    return absl::InvalidArgumentError(fmt::format(
        "expected FIRST:LAST:STEP or levels with commas between, found '{}'", std::string(text)));
  }
  std::vector<int64_t> units;
  for (const std::string_view part : Split(text, ',')) {
    STRATA_ASSIGN_OR_RETURN(const int64_t unit,
                            ParseUnits(part, fmt::format("level {}", units.size() + 1)));
    units.push_back(unit);
  }
  return FromUnits(units);
}

absl::StatusOr<LevelGrid> LevelGrid::OfGroup(int64_t group) {
  constexpr int64_t kLargestGroup = 128;
  if (group < 2 || group > kLargestGroup || (group & (group - 1)) != 0) {
    return absl::InvalidArgumentError(fmt::format(
        "expected groups of a power of two from 2 to {}, found {}", kLargestGroup, group));
  }
  std::vector<int64_t> units;
  for (int64_t removed = 0; removed < group; ++removed) {
    units.push_back(kUnitsOfOne / group * removed);
  }
  return FromUnits(units);
}

std::string LevelGrid::Text() const { return fmt::format("{}", fmt::join(levels_, ",")); }

}  // namespace strata::pruning
