// Which rows of the stored table of candidates are behind the engine.
#ifndef STRATA_SEARCH_STORED_VIEW_H_
#define STRATA_SEARCH_STORED_VIEW_H_

#include <cstdint>
#include <vector>

#include "search/engine/engine.h"
#include "search/store/run_store.h"

namespace strata::search {

// Not thread-safe.
class StoredView {
 public:
  // Puts into `changes` what differs from the last call: the rows of candidates that changed, or
  // entered or left the front or the best of baselines, by id. The cost is that of these and of the
  // front, not of all candidates. `is_final`: nothing is bred any more, so rows above the last
  // candidate, of this or an earlier sitting, are to go.
  void Collect(Engine* engine, bool is_final, RunChanges* changes);

 private:
  std::vector<int64_t> front_, best_;  // as collected last, rising
  int64_t rows_ = 0;
  bool is_trimmed_ = false;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORED_VIEW_H_
