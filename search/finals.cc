#include "search/finals.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "search/archive.h"

namespace strata::search {

std::vector<int64_t> Finals::Begin(std::vector<int64_t> finalists) {
  std::sort(finalists.begin(), finalists.end());
  left_ = finalists.size();
  return finalists;
}

std::vector<int64_t> Finals::NextRound() { return Begin(std::exchange(selected_, {})); }

std::vector<int64_t> Finals::Tell(const EvaluateTask& task, const EvaluateOutcome* measured,
                                  const std::string& failure, std::vector<Candidate>* candidates) {
  --left_;
  const bool is_selection = task.rung == Rung::kSelect;
  if (is_selection && measured != nullptr) selected_.push_back(task.candidate);
  std::vector<int64_t> changed;
  for (Candidate& candidate : *candidates) {
    if (MeasuredAs(candidate) != task.candidate) continue;
    changed.push_back(candidate.id);
    if (measured == nullptr) {
      candidate.failure =
          fmt::format("{}: {}", is_selection ? "selection" : "verification", failure);
    } else if (is_selection) {
      candidate.selection_nll = measured->mean_nll;
    } else {
      candidate.report_nll = measured->mean_nll;
      candidate.achieved_sparsity = measured->achieved_sparsity;
    }
  }
  return changed;
}

}  // namespace strata::search
