#include "search/refinement/refinement_start.h"

#include <string>
#include <utility>

#include "expr/status_macros.h"
#include "search/engine/best_candidate.h"

namespace strata::search {
namespace {

absl::StatusOr<StartingPoint> UniformStart(const std::vector<Candidate>& candidates,
                                           const expr::UnitLayout& layout,
                                           const expr::AllocationTarget& target) {
  const std::vector<double> wanted(layout.size(), target.sparsity);
  StartingPoint start;
  STRATA_ASSIGN_OR_RETURN(start.allocation,
                          expr::ProjectToGroups(wanted, expr::ParametersOf(layout), target));
  const std::string key = expr::QuantizedKey(start.allocation);
  for (const Candidate& candidate : candidates) {
    if (candidate.allocation.empty() || expr::QuantizedKey(candidate.allocation) != key) continue;
    start.candidate = candidate.id;
    break;
  }
  return start;
}

}  // namespace

absl::StatusOr<std::optional<StartingPoint>> StartOf(RefinementStart start,
                                                     const std::vector<Candidate>& candidates,
                                                     const expr::UnitLayout& layout,
                                                     const expr::AllocationTarget& target) {
  if (start == RefinementStart::kUniform) {
    STRATA_ASSIGN_OR_RETURN(StartingPoint uniform, UniformStart(candidates, layout, target));
    return std::optional(std::move(uniform));
  }
  std::vector<Candidate> finalists;
  for (const Candidate& candidate : candidates) {
    const bool counts = start == RefinementStart::kBest || candidate.lineage.origin == "baseline";
    if (candidate.selection_nll && counts) finalists.push_back(candidate);
  }
  const Candidate* best = BestCandidate(finalists, /*is_selection_complete=*/true);
  if (best == nullptr) return std::optional<StartingPoint>();
  return std::optional(StartingPoint{best->id, best->allocation});
}

}  // namespace strata::search
