// A change tracker for the stored table of candidates: finds the rows that are behind the engine.
#ifndef STRATA_SEARCH_STORE_STORED_VIEW_H_
#define STRATA_SEARCH_STORE_STORED_VIEW_H_

#include <cstdint>
#include <vector>

#include "search/engine/engine.h"
#include "search/store/run_store.h"

namespace strata::search {

// The change tracker of one run store. Not thread-safe.
class StoredView {
 public:
  // Adds to `changes` what differs from the last call: the rows, by id, of candidates that changed,
  // or that entered or left the front or the best baselines. The cost is that of these rows and of
  // the front, not of all candidates. `is_final` means that nothing is bred any more, so rows above
  // the last candidate, from this or an earlier session, are removed.
  void Collect(Engine* engine, bool is_final, RunChanges* changes);

 private:
  std::vector<int64_t> front_, best_;  // ids at the last call, rising
  int64_t rows_ = 0;
  bool is_trimmed_ = false;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORE_STORED_VIEW_H_
