// Work items that wait to be handed out, and those that were handed out and have no outcome yet.
#ifndef STRATA_SEARCH_ENGINE_WORK_QUEUE_H_
#define STRATA_SEARCH_ENGINE_WORK_QUEUE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "search/engine/work_item.h"

namespace strata::search {

// Features come before the evaluations of the candidate that asks for them and of later ones, and
// after those of earlier ones, so that cheap candidates are measured while costly features wait.
// Evaluations keep the order in which they were added. Not thread-safe.
class WorkQueue {
 public:
  // `asker` is the first candidate that needs the features.
  void Add(int64_t asker, ProfileWork item);
  void Add(EvaluateWork item);

  // Returns the next work item with an id of its own; nullopt if none waits.
  std::optional<WorkItem> HandOut();

  struct HandedOut {
    WorkItem item;
    int64_t asker = 0;  // candidate
  };
  // Returns nullptr unless the work item was handed out and not taken back. Valid until the next
  // call that changes the queue.
  const HandedOut* Find(int64_t item) const;
  // Removes and returns a work item that Find knows, because its outcome is known now.
  HandedOut TakeBack(int64_t item);

  // Drops the waiting work items of candidates with a larger id.
  void DropAbove(int64_t last_candidate);

  // Largest id of a candidate of which an evaluation on Stage::kSearch was handed out; -1 before
  // the first.
  int64_t last_candidate_handed_out() const { return last_handed_out_; }

 private:
  struct Profile {
    int64_t asker = 0;
    ProfileWork item;
  };
  std::deque<Profile> profiles_;
  std::deque<EvaluateWork> evaluations_;
  std::map<int64_t, HandedOut> outstanding_;
  int64_t next_item_ = 0;
  int64_t last_handed_out_ = -1;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_WORK_QUEUE_H_
