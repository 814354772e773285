// Whether a stored run is what a search with its settings and outcomes gives.
#ifndef STRATA_SEARCH_RUN_CHECK_H_
#define STRATA_SEARCH_RUN_CHECK_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "search/session.h"
#include "search/store/run_store.h"

namespace strata::search {

struct RunCheck {
  std::vector<std::string> problems;  // none: the run is whole
  int64_t outcomes = 0;
  int64_t candidates = 0;
};

// What is wrong with the database itself: SQLite's full check, and outcomes that cannot be read.
absl::StatusOr<RunCheck> CheckDatabase(const RunStore& store);

// Replays the search over the outcomes of `copy` (RunStore::OpenCopy), which it changes, and
// compares what comes of it with the stored candidates, byte for byte; adds what differs to
// `check`: at most so many problems, the last of which says how many more there are. `options` as
// the run was searched with; clock and budget do not matter. An error is that of a run that cannot
// be replayed here, as another version of Strata made it.
absl::Status CheckReplay(SessionOptions options, const expr::UnitLayout& layout, RunStore* copy,
                         RunCheck* check);

}  // namespace strata::search

#endif  // STRATA_SEARCH_RUN_CHECK_H_
