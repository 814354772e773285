// Settings of a refinement.
#ifndef STRATA_SEARCH_REFINEMENT_REFINEMENT_OPTIONS_H_
#define STRATA_SEARCH_REFINEMENT_REFINEMENT_OPTIONS_H_

#include <absl/status/status.h>

#include <cstdint>

#include "expr/allocation.h"
#include "expr/unit_layout.h"

namespace strata::search {

struct RefinementOptions {
  uint64_t seed = 1;
  expr::AllocationTarget target;  // bounds; sparsities are multiples of 1 / group
  int64_t evaluations = 100;      // losses, the start included, and slopes
  bool slopes = false;            // true: slopes can be measured
  // Proposal k is made from the results of proposals numbered at most k - lag. Several times the
  // number of workers is a good value.
  int lag = 4;
  // Bounds of the larger of the two changes of sparsity in a switch, which is log-uniform between
  // them.
  double smallest_step = 0.003;
  double largest_step = 0.1;
  int maximum_switches = 3;  // per proposal: 1 to this many, fewer more often
  // Number of proposals that are ranked for each one that is measured.
  int proposals = 128;
  // Share of the proposals that are measured without ranking.
  double unranked_share = 0.2;
};

// Sparsities that differ by less are equal, in comparisons with bounds and with multiples of
// 1 / group.
inline constexpr double kSparsityTolerance = 1e-9;

// Errors: InvalidArgument for impossible options, an invalid layout, or a layout of a single unit.
absl::Status ValidateRefinement(const RefinementOptions& options, const expr::UnitLayout& layout);

// Checks the allocation that a refinement begins with. `options` must be valid. Errors:
// InvalidArgument for a start that does not fit the layout, the bounds or the group.
absl::Status ValidateStart(const RefinementOptions& options, const expr::UnitLayout& layout,
                           const expr::Allocation& start);

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_REFINEMENT_OPTIONS_H_
