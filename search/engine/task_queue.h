// Work that waits to be handed out, and work that was and has not been told of yet.
#ifndef STRATA_SEARCH_TASK_QUEUE_H_
#define STRATA_SEARCH_TASK_QUEUE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "search/engine/task.h"

namespace strata::search {

// Profile tasks come before evaluate tasks; each kind in the order it was added. Not thread-safe.
class TaskQueue {
 public:
  // `asker` is the first candidate that needs the features.
  void Add(int64_t asker, ProfileTask task);
  void Add(EvaluateTask task);

  // The next task with an id of its own; nothing if none waits.
  std::optional<Task> HandOut();

  struct HandedOut {
    Task task;
    int64_t asker = 0;  // candidate
  };
  // nullptr unless the task was handed out and not taken back. Valid until the next call that
  // changes the queue.
  const HandedOut* Find(int64_t task) const;
  // A task that Find knows; now it is told of.
  HandedOut TakeBack(int64_t task);

  // Forgets the waiting work of candidates with a larger id.
  void DropAbove(int64_t last_candidate);

  // Largest candidate of which an evaluation on Rung::kSearch was handed out; -1 before the first.
  int64_t last_candidate_handed_out() const { return last_handed_out_; }

 private:
  struct Profile {
    int64_t asker = 0;
    ProfileTask task;
  };
  std::deque<Profile> profiles_;
  std::deque<EvaluateTask> evaluations_;
  std::map<int64_t, HandedOut> outstanding_;
  int64_t next_task_ = 0;
  int64_t last_handed_out_ = -1;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_TASK_QUEUE_H_
