// Progress line of a running search, for the person who watches it.
#ifndef STRATA_CLI_RUN_SEARCH_PROGRESS_H_
#define STRATA_CLI_RUN_SEARCH_PROGRESS_H_

#include <chrono>
#include <optional>
#include <string>

#include "search/session.h"
#include "workers/coordinator/coordinator.h"

namespace strata::cli {

class SearchProgress {
 public:
  // `budget_seconds` and `maximum_evaluations` are those of the session and engine options; 0 means
  // no limit.
  SearchProgress(double budget_seconds, int64_t maximum_evaluations);

  // Prints to standard error. On a terminal it rewrites one line; otherwise it prints a line every
  // ten seconds and at every change of phase.
  void Show(const search::Session& session, const workers::CoordinatorStatus& status);

  // Leaves the cursor at the start of a fresh line.
  void Finish();

 private:
  std::string Line(const search::Session& session, const workers::CoordinatorStatus& status) const;

  const double budget_seconds_;
  const int64_t maximum_evaluations_;
  const bool terminal_;
  std::optional<std::chrono::steady_clock::time_point> last_shown_;
  search::Phase last_phase_ = search::Phase::kSearching;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_PROGRESS_H_
