// Decides when the features of the first candidates and of the strategy's pool are measured.
#ifndef STRATA_SEARCH_ENGINE_FEATURE_SCHEDULE_H_
#define STRATA_SEARCH_ENGINE_FEATURE_SCHEDULE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "search/engine/candidate_resolver.h"
#include "search/engine/work_item.h"

namespace strata::search {

struct ScheduledFeatures {
  int64_t asker = 0;  // candidate whose turn it is, see WorkQueue
  ProfileWork work;
};

// Requests the features that the first candidates need (`of_seeds`, by candidate) and those of
// `pool`, which must be known before anything is bred. Returns their work items.
//
// A work item has its turn with the first candidate that needs it. Features that take long, and the
// pool, have theirs after half of the candidates before. The search thus shows its first losses
// early, and the candidates in between are measured while the features are. The pool is spread over
// the second half of the seeds. Nothing is begun early that is needed only by candidates from
// `maximum_evaluations` on (0: no limit), because the search may end before them.
std::vector<ScheduledFeatures> ScheduleFeatures(
    const std::vector<std::vector<std::string>>& of_seeds, const std::vector<std::string>& pool,
    int64_t maximum_evaluations, CandidateResolver* resolver);

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_FEATURE_SCHEDULE_H_
