// Views of the candidates: the Pareto front, the best of the baselines, and whom to verify. No
// state.
#ifndef STRATA_SEARCH_ARCHIVE_H_
#define STRATA_SEARCH_ARCHIVE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "search/engine/engine.h"

namespace strata::search {

// Ids of the candidates with a fitness that none dominates in the objectives, by rising complexity,
// then fitness_nll. Of several equal in all, the first. O(N (log N + F)) for a front of F.
std::vector<int64_t> ParetoFront(const std::vector<Candidate>& candidates,
                                 const std::vector<std::string>& objectives);

// Per baseline, in order, the id of its setting with the lowest fitness_nll (the first of equals);
// baselines without any are left out. `baseline_of[id]` is the baseline candidate id is a setting
// of, for the first candidates; later ones are none.
std::vector<int64_t> BestOfBaselines(const std::vector<Candidate>& candidates,
                                     const std::vector<int>& baseline_of);

// The candidate whose allocation was measured for this one: itself or same_as.
int64_t MeasuredAs(const Candidate& candidate);

// Ids whose allocations are to be measured with the exact protocol, each allocation once and named
// by the candidate it was measured as: the best of the baselines, then at most `finalists` others.
// These come from the Pareto front, then from the front of what remains, and so on, because the
// cheap fitness that orders them misleads; within a front the lowest fitness_nll comes first. After
// the first front, a candidate that differs from a finalist in its numbers only is passed over for
// one of another form.
std::vector<int64_t> Finalists(const std::vector<Candidate>& candidates,
                               const std::vector<std::string>& objectives,
                               const std::vector<int64_t>& best_of_baselines, int finalists);

}  // namespace strata::search

#endif  // STRATA_SEARCH_ARCHIVE_H_
