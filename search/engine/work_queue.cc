#include "search/engine/work_queue.h"

#include <algorithm>
#include <utility>

namespace strata::search {

void WorkQueue::Add(int64_t asker, ProfileWork item) {
  profiles_.push_back({asker, std::move(item)});
}

void WorkQueue::Add(EvaluateWork item) { evaluations_.push_back(std::move(item)); }

std::optional<WorkItem> WorkQueue::HandOut() {
  HandedOut next;
  const auto profile =
      std::min_element(profiles_.begin(), profiles_.end(),
                       [](const Profile& a, const Profile& b) { return a.asker < b.asker; });
  if (profile != profiles_.end() &&
      (evaluations_.empty() || profile->asker <= evaluations_.front().candidate)) {
    next = {{next_item_, std::move(profile->item)}, profile->asker};
    profiles_.erase(profile);
  } else if (!evaluations_.empty()) {
    EvaluateWork& item = evaluations_.front();
    next.asker = item.candidate;
    if (item.stage == Stage::kSearch) last_handed_out_ = std::max(last_handed_out_, item.candidate);
    next.item = {next_item_, std::move(item)};
    evaluations_.pop_front();
  } else {
    return std::nullopt;
  }
  ++next_item_;
  return outstanding_.emplace(next.item.id, std::move(next)).first->second.item;
}

const WorkQueue::HandedOut* WorkQueue::Find(int64_t item) const {
  const auto found = outstanding_.find(item);
  return found == outstanding_.end() ? nullptr : &found->second;
}

WorkQueue::HandedOut WorkQueue::TakeBack(int64_t item) {
  return std::move(outstanding_.extract(item).mapped());
}

void WorkQueue::DropAbove(int64_t last_candidate) {
  std::erase_if(evaluations_, [&](const auto& item) { return item.candidate > last_candidate; });
  std::erase_if(profiles_, [&](const auto& profile) { return profile.asker > last_candidate; });
}

}  // namespace strata::search
