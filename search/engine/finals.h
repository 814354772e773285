// The final stages of a run: finalists are measured with the exact protocol, first to choose among
// them, then to report.
#ifndef STRATA_SEARCH_ENGINE_FINALS_H_
#define STRATA_SEARCH_ENGINE_FINALS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "search/engine/candidate_list.h"
#include "search/engine/scenarios.h"

namespace strata::search {

// The failure of a finalist that failed the selection begins with this.
inline constexpr char kSelectionFailure[] = "selection: ";

// The final stages of a run. Not thread-safe.
class Finals {
 public:
  // Begins the selection. `finalists` are ids of measured candidates. Returns the ids to measure in
  // rising order, so that the order in which results came does not matter.
  std::vector<int64_t> Begin(std::vector<int64_t> finalists);

  // Returns the ids to measure in the next round: the selected ones, for verification, or none. May
  // be called only when round_is_over().
  std::vector<int64_t> NextRound();

  bool round_is_over() const { return left_ == 0; }

  // Takes the result or failure of a finalist on kSelect or kVerify, for all candidates with the
  // finalist's allocation. A finalist that fails the selection is quarantined and not verified,
  // because it could not be chosen.
  void Tell(int64_t finalist, Stage stage, const ScenarioOutcome& result,
            CandidateList* candidates);

 private:
  std::vector<int64_t> selected_;
  size_t left_ = 0;  // results that the round still misses
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_FINALS_H_
