// Checks that a stored run is what a search with its settings and outcomes gives.
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
  std::vector<std::string> problems;  // empty: the run is intact
  int64_t outcomes = 0;
  int64_t candidates = 0;
};

// Returns the problems of the database itself: those of SQLite's full check, and outcomes that
// cannot be read.
absl::StatusOr<RunCheck> CheckDatabase(const RunStore& store);

// Replays the search over the outcomes of `copy` (RunStore::OpenCopy), which it changes, and
// compares the result with the stored candidates, byte for byte. Adds the differences to `check`,
// which then has at most 20 problems; the last one says how many more there are. `options` are
// those of the search; clock and budget do not matter. Errors: those of a run that cannot be
// replayed here, for example because another version of Strata made it.
absl::Status CheckReplay(SessionOptions options, const expr::UnitLayout& layout, RunStore* copy,
                         RunCheck* check);

}  // namespace strata::search

#endif  // STRATA_SEARCH_RUN_CHECK_H_
