// Selections from the candidates, without state: the Pareto front, the best baselines, and the
// finalists.
#ifndef STRATA_SEARCH_ENGINE_ARCHIVE_H_
#define STRATA_SEARCH_ENGINE_ARCHIVE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "search/engine/engine.h"

namespace strata::search {

// Returns the ids of the candidates with a fitness that no other dominates in the objectives, by
// rising complexity, then fitness_nll. Of candidates that are equal in all objectives, the first is
// taken. O(N (log N + F)) for a front of F.
std::vector<int64_t> ParetoFront(const std::vector<Candidate>& candidates,
                                 const std::vector<std::string>& objectives);

// Returns, for each baseline in order, the id of its setting with the lowest fitness_nll (the first
// of equals). Baselines without a fitness are left out. `baseline_of` holds, by id, the baseline of
// which a candidate is a setting; other candidates belong to no baseline.
std::vector<int64_t> BestOfBaselines(const std::vector<Candidate>& candidates,
                                     const std::map<int64_t, int>& baseline_of);

// Returns the candidate whose allocation was measured for this one: itself or same_as.
int64_t MeasuredAs(const Candidate& candidate);

// Returns the ids of the candidates to measure with the exact protocol. Each allocation occurs
// once, under the id of the candidate it was measured as: the best of the baselines, then at most
// `finalists` others. The others come from the Pareto front, then from the front of the rest, and
// so on, because the cheap fitness that orders them can mislead. Within a front, the lowest
// fitness_nll comes first. After the first front, a candidate that differs from a finalist only in
// its numbers is passed over for one of another form.
std::vector<int64_t> Finalists(const std::vector<Candidate>& candidates,
                               const std::vector<std::string>& objectives,
                               const std::vector<int64_t>& best_of_baselines, int finalists);

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_ARCHIVE_H_
