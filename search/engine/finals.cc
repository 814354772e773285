#include "search/engine/finals.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "search/engine/archive.h"

namespace strata::search {

std::vector<int64_t> Finals::Begin(std::vector<int64_t> finalists) {
  std::sort(finalists.begin(), finalists.end());
  left_ = finalists.size();
  return finalists;
}

std::vector<int64_t> Finals::NextRound() { return Begin(std::exchange(selected_, {})); }

void Finals::Tell(int64_t finalist, Stage stage, const ScenarioOutcome& result,
                  CandidateList* candidates) {
  --left_;
  const bool is_selection = stage == Stage::kSelect;
  const bool is_measured = result.failure.empty();
  if (is_selection && is_measured) selected_.push_back(finalist);
  for (int64_t id = 0; id < candidates->count(); ++id) {
    if (MeasuredAs((*candidates)[id]) != finalist) continue;
    Candidate& candidate = candidates->Change(id);
    if (!is_measured) {
      candidate.failure =
          fmt::format("{}{}", is_selection ? kSelectionFailure : "verification: ", result.failure);
      continue;
    }
    if (is_selection) {
      candidate.selection_nll = result.combined.mean_nll;
    } else {
      candidate.report_nll = result.combined.mean_nll;
      candidate.achieved_sparsity = result.combined.achieved_sparsity;
    }
    for (size_t i = 0; i < candidate.scenarios.size(); ++i) {
      ScenarioResult& scenario = candidate.scenarios[i];
      (is_selection ? scenario.selection_nll : scenario.report_nll) = result.nll[i];
      if (!is_selection) scenario.achieved_sparsity = result.achieved[i];
    }
  }
}

}  // namespace strata::search
