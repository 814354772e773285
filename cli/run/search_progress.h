// Progress line of a running search, for the person who watches it.
#ifndef STRATA_CLI_RUN_SEARCH_PROGRESS_H_
#define STRATA_CLI_RUN_SEARCH_PROGRESS_H_

#include <string>
#include <vector>

#include "cli/shared/measure_text.h"
#include "cli/shared/progress_line.h"
#include "search/session.h"
#include "workers/coordinator/coordinator.h"

namespace strata::cli {

// Returns the parts of the line in the order of their importance. `seconds_spent`, `budget_seconds`
// and `maximum_evaluations` give the time that is left; a budget of 0 means no limit.
// `fitness` is what the search measures.
std::vector<std::string> SearchProgressParts(const search::Engine& engine,
                                             const workers::CoordinatorStatus& status,
                                             double seconds_spent, double budget_seconds,
                                             int64_t maximum_evaluations,
                                             evaluator::Measure fitness);

class SearchProgress {
 public:
  // `budget_seconds` and `maximum_evaluations` are those of the session and engine options; 0 means
  // no limit.
  SearchProgress(double budget_seconds, int64_t maximum_evaluations, const RunMeasures& measures);

  // Prints as ProgressLine does, and also at every change of phase.
  void Show(const search::Session& session, const workers::CoordinatorStatus& status);

  // Leaves the cursor at the start of a fresh line.
  void Finish();

 private:
  std::vector<std::string> Parts(const search::Session& session,
                                 const workers::CoordinatorStatus& status) const;

  const double budget_seconds_;
  const int64_t maximum_evaluations_;
  const RunMeasures measures_;
  ProgressLine line_;
  search::Phase last_phase_ = search::Phase::kSearching;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_PROGRESS_H_
