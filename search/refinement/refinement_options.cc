#include "search/refinement/refinement_options.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "expr/status_macros.h"

namespace strata::search {

absl::Status ValidateRefinement(const RefinementOptions& options, const expr::UnitLayout& layout) {
  STRATA_RETURN_IF_ERROR(expr::ValidateLayout(layout));
  STRATA_RETURN_IF_ERROR(expr::ValidateTarget(options.target));
  const auto refuse = [](const char* name, const std::string& expected, double found) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: {}: expected {}, found {}", name, expected, found));
  };
  if (layout.size() < 2) {
    return absl::InvalidArgumentError("refinement: expected at least 2 units, found 1");
  }
  if (options.evaluations < 1) {
    return refuse("evaluations", "at least 1", static_cast<double>(options.evaluations));
  }
  if (options.lag < 1) return refuse("lag", "at least 1", options.lag);
  if (!(options.smallest_step > 0)) {
    return refuse("smallest_step", "more than 0", options.smallest_step);
  }
  if (!(options.largest_step >= options.smallest_step && options.largest_step < 1)) {
    return refuse("largest_step", "from smallest_step to 1", options.largest_step);
  }
  if (options.maximum_switches < 1) {
    return refuse("maximum_switches", "at least 1", options.maximum_switches);
  }
  if (options.proposals < 1) return refuse("proposals", "at least 1", options.proposals);
  if (!(options.unranked_share >= 0 && options.unranked_share <= 1)) {
    return refuse("unranked_share", "from 0 to 1", options.unranked_share);
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
