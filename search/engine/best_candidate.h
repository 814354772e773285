// The one definition of a run's best candidate, for everything that names one.
#ifndef STRATA_SEARCH_ENGINE_BEST_CANDIDATE_H_
#define STRATA_SEARCH_ENGINE_BEST_CANDIDATE_H_

#include <tuple>
#include <vector>

#include "search/engine/engine.h"

namespace strata::search {

// True once every finalist has a result of the selection.
inline bool IsSelectionComplete(Phase phase) {
  return phase == Phase::kVerifying || phase == Phase::kDone;
}

// Returns the candidate with the lowest selection loss if the selection is complete and a candidate
// has one; otherwise the one with the lowest fitness loss, because an incomplete selection only
// says which finalists were measured first. Of equals the simplest counts, then the earliest. The
// report split never chooses. Returns null if nothing was measured. `Row` is Candidate or
// StoredCandidate. The pointer is into `candidates`.
template <typename Row>
const Row* BestCandidate(const std::vector<Row>& candidates, bool is_selection_complete) {
  const auto lowest = [&](auto loss) {
    const Row* best = nullptr;
    const auto order = [&](const Row& row) {
      return std::tuple(*(row.*loss), row.complexity, row.id);
    };
    for (const Row& row : candidates) {
      if ((row.*loss).has_value() && (best == nullptr || order(row) < order(*best))) best = &row;
    }
    return best;
  };
  const Row* best = is_selection_complete ? lowest(&Row::selection_nll) : nullptr;
  return best != nullptr ? best : lowest(&Row::fitness_nll);
}

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_BEST_CANDIDATE_H_
