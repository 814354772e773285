#include "workers/coordinator/typical_duration.h"

#include <algorithm>
#include <variant>
#include <vector>

namespace strata::workers {

TypicalDuration::Kind TypicalDuration::KindOf(const search::Task& task) {
  const int subject = search::SubjectOf(task);
  const auto* evaluate = std::get_if<search::EvaluateTask>(&task.work);
  if (evaluate == nullptr) return {task.work.index(), 0, 0, subject};
  return {task.work.index(), static_cast<int>(evaluate->rung), evaluate->level, subject};
}

void TypicalDuration::Add(const search::Task& task, double seconds) {
  std::deque<double>& recent = recent_[KindOf(task)];
  recent.push_back(seconds);
  if (recent.size() > kRemembered) recent.pop_front();
}

std::optional<double> TypicalDuration::Of(const search::Task& task) const {
  const auto found = recent_.find(KindOf(task));
  if (found == recent_.end() || found->second.size() < kEnough) return std::nullopt;
  std::vector<double> sorted(found->second.begin(), found->second.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

}  // namespace strata::workers
