#include "search/store/stored_view.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace strata::search {
namespace {

using Ids = std::vector<int64_t>;

Ids Sorted(Ids ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

bool Holds(const Ids& rising, int64_t id) {
  return std::binary_search(rising.begin(), rising.end(), id);
}

// Appends the ids that are in exactly one of the two.
void AppendDifference(const Ids& a, const Ids& b, Ids* to) {
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(*to));
}

StoredCandidate RowOf(const Candidate& candidate, bool on_front, bool best_of_baseline) {
  StoredCandidate row;
  row.id = candidate.id;
  row.text = candidate.text;
  row.complexity = candidate.complexity;
  row.lineage = candidate.lineage;
  row.forecast = candidate.forecast;
  row.allocation = candidate.allocation;
  row.same_as = candidate.same_as;
  row.failure = candidate.failure;
  row.rung_nll = candidate.rung_nll;
  row.stopped_early = candidate.stopped_early;
  row.measures = candidate.measures;
  row.scenarios = candidate.scenarios;
  row.fitness_nll = candidate.fitness_nll;
  row.selection_nll = candidate.selection_nll;
  row.report_nll = candidate.report_nll;
  row.achieved_sparsity = candidate.achieved_sparsity;
  row.on_front = on_front;
  row.best_of_baseline = best_of_baseline;
  return row;
}

}  // namespace

void StoredView::Collect(Engine* engine, bool is_final, RunChanges* changes) {
  const std::vector<Candidate>& candidates = engine->candidates();
  const auto count = static_cast<int64_t>(candidates.size());
  Ids changed = engine->TakeChanged();
  Ids front = Sorted(engine->Front()), best = Sorted(engine->BestBaselines());
  AppendDifference(front_, front, &changed);
  AppendDifference(best_, best, &changed);
  changed = Sorted(std::move(changed));
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  while (!changed.empty() && changed.back() >= count) changed.pop_back();  // dropped
  if (count < rows_ || (is_final && !is_trimmed_)) {
    changes->last_candidate = count - 1;
    is_trimmed_ = is_final;
  }
  for (const int64_t id : changed) {
    changes->candidates.push_back(
        RowOf(candidates[static_cast<size_t>(id)], Holds(front, id), Holds(best, id)));
  }
  front_ = std::move(front);
  best_ = std::move(best);
  rows_ = count;
}

}  // namespace strata::search
