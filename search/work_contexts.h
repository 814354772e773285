// Contexts and digests of work items, which distinguish results of the same allocation or feature.
#ifndef STRATA_SEARCH_WORK_CONTEXTS_H_
#define STRATA_SEARCH_WORK_CONTEXTS_H_

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "search/engine/engine.h"
#include "search/engine/work_item.h"

namespace strata::search {

// Everything besides the allocation or features that a result depends on: model, text, pruner,
// calibration, the fidelities, operator table, protocol version. A context is part of every work
// item digest.
struct WorkContexts {
  std::string profile_context;
  std::vector<std::string> racing_contexts;  // of the rungs before the last, EngineOptions::ladder
  std::string search_context;                // of the last rung, whose loss is the fitness
  std::string select_context;
  std::string verify_context;
  std::string refine_context;                     // if there is a refinement
  std::vector<std::string> refine_rung_contexts;  // of its rungs before the last
  std::string slope_context;                      // if it descends along slopes
};

// Returns the context of a work item of this subject, on the work item's stage and rung.
const std::string& ContextOf(const WorkContexts& contexts, const WorkItem& item);

// Returns one text with a line per context, for comparing.
std::string ContextsText(const std::vector<WorkContexts>& all);

// Errors: InvalidArgument unless there is a context for every rung of the search's ladder and every
// subject.
// `further` are those of all subjects but the first.
absl::Status CheckContexts(const WorkContexts& first, const std::vector<WorkContexts>& further,
                           const EngineOptions& engine);

// Returns SHA-256 in hexadecimal (64 characters) over the kind of work, `context`, and the work
// itself: the names of the features of a profile work item, in order; the allocation of an evaluate
// work item, bit by bit. The work item's id, candidate and stage are no part of it, because the
// context says what a stage means. Every part is preceded by its length, so no two different work
// items give the same bytes.
std::string WorkDigest(std::string_view context, const WorkItem& item);

}  // namespace strata::search

#endif  // STRATA_SEARCH_WORK_CONTEXTS_H_
