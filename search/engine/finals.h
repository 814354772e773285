// The end of a search: finalists are measured with the exact protocol, first to choose among them,
// then to report.
#ifndef STRATA_SEARCH_FINALS_H_
#define STRATA_SEARCH_FINALS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "search/engine/candidate_list.h"
#include "search/engine/scenarios.h"

namespace strata::search {

// Not thread-safe.
class Finals {
 public:
  // Begins with selection; `finalists` are ids of measured candidates. Returns what to measure, in
  // order of id, so that the order in which results came does not matter.
  std::vector<int64_t> Begin(std::vector<int64_t> finalists);

  // Those to measure next, once all of a phase were told and only then: the selected ones for
  // verification, or none.
  std::vector<int64_t> NextRound();

  bool round_is_over() const { return left_ == 0; }

  // The result of a finalist on kSelect or kVerify, or its failure. All candidates with the
  // finalist's allocation get it. One that fails selection is not verified: it is quarantined, and
  // could not be chosen.
  void Tell(int64_t finalist, Rung rung, const ScenarioOutcome& result, CandidateList* candidates);

 private:
  std::vector<int64_t> selected_;
  size_t left_ = 0;  // of the round, not told yet
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_FINALS_H_
