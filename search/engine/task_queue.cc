#include "search/engine/task_queue.h"

#include <algorithm>
#include <utility>

namespace strata::search {

void TaskQueue::Add(int64_t asker, ProfileTask task) {
  profiles_.push_back({asker, std::move(task)});
}

void TaskQueue::Add(EvaluateTask task) { evaluations_.push_back(std::move(task)); }

std::optional<Task> TaskQueue::HandOut() {
  HandedOut next;
  if (!profiles_.empty()) {
    next = {{next_task_, std::move(profiles_.front().task)}, profiles_.front().asker};
    profiles_.pop_front();
  } else if (!evaluations_.empty()) {
    EvaluateTask& task = evaluations_.front();
    next.asker = task.candidate;
    if (task.rung == Rung::kSearch) last_handed_out_ = std::max(last_handed_out_, task.candidate);
    next.task = {next_task_, std::move(task)};
    evaluations_.pop_front();
  } else {
    return std::nullopt;
  }
  ++next_task_;
  return outstanding_.emplace(next.task.id, std::move(next)).first->second.task;
}

const TaskQueue::HandedOut* TaskQueue::Find(int64_t task) const {
  const auto found = outstanding_.find(task);
  return found == outstanding_.end() ? nullptr : &found->second;
}

TaskQueue::HandedOut TaskQueue::TakeBack(int64_t task) {
  return std::move(outstanding_.extract(task).mapped());
}

void TaskQueue::DropAbove(int64_t last_candidate) {
  std::erase_if(evaluations_, [&](const auto& task) { return task.candidate > last_candidate; });
  std::erase_if(profiles_, [&](const auto& profile) { return profile.asker > last_candidate; });
}

}  // namespace strata::search
