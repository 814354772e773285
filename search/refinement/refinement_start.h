// The allocation that a refinement begins with.
#ifndef STRATA_SEARCH_REFINEMENT_REFINEMENT_START_H_
#define STRATA_SEARCH_REFINEMENT_REFINEMENT_START_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"
#include "search/engine/engine.h"
#include "search/refinement/refinement_options.h"

namespace strata::search {

// Stands for a candidate where no candidate has the allocation.
inline constexpr int64_t kNoCandidate = -1;

struct StartingPoint {
  int64_t candidate = kNoCandidate;  // the first one with the allocation
  expr::Allocation allocation;
};

// Returns where a refinement of a search with these candidates begins, once their selection is
// complete. Of candidates with equal losses the simplest counts, then the earliest. nullopt if none
// has a selection loss; uniform sparsities need none. Errors: FailedPrecondition if no uniform
// allocation, or none near it with a group, has the target sparsity.
absl::StatusOr<std::optional<StartingPoint>> StartOf(RefinementStart start,
                                                     const std::vector<Candidate>& candidates,
                                                     const expr::UnitLayout& layout,
                                                     const expr::AllocationTarget& target);

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_REFINEMENT_START_H_
