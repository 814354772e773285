#include "search/refinement/refinement_options.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "expr/status_macros.h"

namespace strata::search {
namespace {

absl::Status Refuse(std::string_view name, std::string_view expected, double found) {
  return absl::InvalidArgumentError(
      fmt::format("refinement: {}: expected {}, found {}", name, expected, found));
}

absl::Status ValidateEvoPress(const EvoPressOptions& options, int group) {
  if (options.offspring < 1) return Refuse("offspring", "at least 1", options.offspring);
  if (options.levels < 1) return Refuse("levels", "at least 1", options.levels);
  if (!(options.level_step >= 0 && options.level_step < 1)) {
    return Refuse("level_step", "from 0 to below 1", options.level_step);
  }
  if (group > 0 && options.level_step > 0) {
    return Refuse("level_step", "0 with a group", options.level_step);
  }
  int64_t windows = 0;
  int entrants = options.offspring;
  for (const EvoPressRung& rung : options.rungs) {
    if (rung.windows <= windows || rung.windows >= options.windows) {
      return Refuse("windows of a rung",
                    fmt::format("more than {} and less than {}", windows, options.windows),
                    static_cast<double>(rung.windows));
    }
    if (rung.survivors < 1 || rung.survivors > entrants) {
      return Refuse("survivors of a rung", fmt::format("from 1 to {}", entrants), rung.survivors);
    }
    windows = rung.windows;
    entrants = rung.survivors;
  }
  if (options.windows < 1) {
    return Refuse("windows", "at least 1", static_cast<double>(options.windows));
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view NameOf(RefinementStart value) {
  switch (value) {
    case RefinementStart::kBest:
      return "best";
    case RefinementStart::kBaseline:
      return "baseline";
    case RefinementStart::kUniform:
      return "uniform";
  }
  return "";
}

std::string_view NameOf(RefinementMethod value) {
  switch (value) {
    case RefinementMethod::kDescent:
      return "descent";
    case RefinementMethod::kEvoPress:
      return "evopress";
  }
  return "";
}

absl::Status ValidateRefinement(const RefinementOptions& options, const expr::UnitLayout& layout) {
  STRATA_RETURN_IF_ERROR(expr::ValidateLayout(layout));
  STRATA_RETURN_IF_ERROR(expr::ValidateTarget(options.target));
  if (layout.size() < 2) {
    return absl::InvalidArgumentError("refinement: expected at least 2 units, found 1");
  }
  if (options.evaluations < 1) {
    return Refuse("evaluations", "at least 1", static_cast<double>(options.evaluations));
  }
  if (options.method == RefinementMethod::kEvoPress) {
    return ValidateEvoPress(options.evopress, options.target.group);
  }
  if (options.lag < 1) return Refuse("lag", "at least 1", options.lag);
  if (!(options.smallest_step > 0)) {
    return Refuse("smallest_step", "more than 0", options.smallest_step);
  }
  if (!(options.largest_step >= options.smallest_step && options.largest_step < 1)) {
    return Refuse("largest_step", "from smallest_step to 1", options.largest_step);
  }
  if (options.maximum_switches < 1) {
    return Refuse("maximum_switches", "at least 1", options.maximum_switches);
  }
  if (options.proposals < 1) return Refuse("proposals", "at least 1", options.proposals);
  if (!(options.unranked_share >= 0 && options.unranked_share <= 1)) {
    return Refuse("unranked_share", "from 0 to 1", options.unranked_share);
  }
  return absl::OkStatus();
}

absl::Status ValidateStart(const RefinementOptions& options, const expr::UnitLayout& layout,
                           const expr::Allocation& start) {
  if (start.size() != layout.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "refinement: expected a start of {} sparsities, found {}", layout.size(), start.size()));
  }
  const int group = options.target.group;
  for (size_t i = 0; i < start.size(); ++i) {
    const double steps = start[i] * group;
    const bool on_grid = group == 0 || std::abs(steps - std::round(steps)) < kSparsityTolerance;
    if (start[i] >= options.target.minimum - kSparsityTolerance &&
        start[i] <= options.target.maximum + kSparsityTolerance && on_grid) {
      continue;
    }
    return absl::InvalidArgumentError(
        fmt::format("refinement: start: unit {}: expected {} from {} to {}, found {}", i,
                    group == 0 ? "a sparsity" : fmt::format("a multiple of 1/{}", group),
                    options.target.minimum, options.target.maximum, start[i]));
  }
  return absl::OkStatus();
}

}  // namespace strata::search
