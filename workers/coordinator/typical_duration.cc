#include "workers/coordinator/typical_duration.h"

#include <algorithm>
#include <variant>
#include <vector>

namespace strata::workers {

std::optional<TypicalDuration::Kind> TypicalDuration::KindOf(const search::WorkItem& item) {
  const auto* evaluate = std::get_if<search::EvaluateWork>(&item.work);
  if (evaluate == nullptr) return std::nullopt;
  return Kind{static_cast<int>(evaluate->stage), evaluate->rung, evaluate->subject};
}

void TypicalDuration::Add(const search::WorkItem& item, double seconds) {
  const std::optional<Kind> kind = KindOf(item);
  if (!kind) return;
  std::deque<double>& recent = recent_[*kind];
  recent.push_back(seconds);
  if (recent.size() > kRemembered) recent.pop_front();
}

std::optional<double> TypicalDuration::Of(const search::WorkItem& item) const {
  const std::optional<Kind> kind = KindOf(item);
  if (!kind) return std::nullopt;
  const auto found = recent_.find(*kind);
  if (found == recent_.end() || found->second.size() < kEnough) return std::nullopt;
  std::vector<double> sorted(found->second.begin(), found->second.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

}  // namespace strata::workers
