// Names of tasks: two tasks with the same digest have the same result.
#ifndef STRATA_SEARCH_TASK_DIGEST_H_
#define STRATA_SEARCH_TASK_DIGEST_H_

#include <string>
#include <string_view>

#include "search/engine/engine.h"

namespace strata::search {

// SHA-256 in hexadecimal (64 characters) over the kind of work, `context`, and the work itself: the
// names of the features of a profile task, in order; the allocation of an evaluate task, bit by
// bit. The task's id, candidate and rung are no part of it: what a rung means is in the context.
// Every part is preceded by its length, so no two different tasks are read alike.
std::string TaskDigest(std::string_view context, const Task& task);

}  // namespace strata::search

#endif  // STRATA_SEARCH_TASK_DIGEST_H_
