#include "workers/coordinator/typical_duration.h"

#include <algorithm>
#include <variant>
#include <vector>

namespace strata::workers {

TypicalDuration::Kind TypicalDuration::KindOf(const search::WorkItem& item) {
  const int subject = search::SubjectOf(item);
  const auto* evaluate = std::get_if<search::EvaluateWork>(&item.work);
  if (evaluate == nullptr) return {item.work.index(), 0, 0, subject};
  return {item.work.index(), static_cast<int>(evaluate->stage), evaluate->rung, subject};
}

void TypicalDuration::Add(const search::WorkItem& item, double seconds) {
  std::deque<double>& recent = recent_[KindOf(item)];
  recent.push_back(seconds);
  if (recent.size() > kRemembered) recent.pop_front();
}

std::optional<double> TypicalDuration::Of(const search::WorkItem& item) const {
  const auto found = recent_.find(KindOf(item));
  if (found == recent_.end() || found->second.size() < kEnough) return std::nullopt;
  std::vector<double> sorted(found->second.begin(), found->second.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

}  // namespace strata::workers
