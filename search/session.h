// A search with its storage: the engine, the run's stored outcomes, and the budget.
//
// Next() asks the engine, answers from the store what is stored, and returns only work that really
// has to be done. An outcome and what it changes are stored in one transaction, so that a run
// killed at any instant resumes to the same final archive, bit for bit.
#ifndef STRATA_SEARCH_SESSION_H_
#define STRATA_SEARCH_SESSION_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/engine/engine.h"
#include "search/refinement/refinement_stage.h"
#include "search/store/run_store.h"
#include "search/task_contexts.h"

namespace strata::search {

struct SessionOptions : TaskContexts {  // those of subject 0
  EngineOptions engine;
  std::vector<TaskContexts> further_contexts;  // of subjects 1, 2, ..., see RobustOptions
  // Of the best finalist's allocation, once the engine is done; target and seed are the engine's.
  std::optional<RefinementOptions> refinement;
  double budget_seconds = 0;  // search phase, added up over resumes; 0: no limit
  // Goes on with a search whose budget was spent, with the budgets of these options.
  bool extend = false;
  std::function<double()> now_seconds;  // monotonic clock
  // Called with what every commit wrote, once it is stored; null: not called.
  std::function<void(const RunChanges&)> on_commit = nullptr;
};

// The context of a task of any subject of the search.
const std::string& ContextOf(const SessionOptions& options, const Task& task);

struct SessionTask {
  Task task;
  std::string digest;  // 16 bytes or more, hexadecimal
};
using SessionAction = std::variant<SessionTask, Wait, Done>;

class Session {
 public:
  // `store` must outlive the session. A store with outcomes resumes. `layout` as in
  // Engine::Create.
  static absl::StatusOr<std::unique_ptr<Session>> Create(const SessionOptions& options,
                                                         const expr::UnitLayout& layout,
                                                         RunStore* store);
  virtual ~Session() = default;

  // Also ends the search phase when the budget is spent. After a resume, not before one task that
  // was not stored has been handed out.
  virtual absl::StatusOr<SessionAction> Next() = 0;
  // The outcome is stored when this returns OK.
  virtual absl::Status Complete(const SessionTask& task, const Outcome& outcome) = 0;
  // The same in two steps, so that many outcomes share the cost of a commit: what was recorded is
  // stored when the next Commit returns OK, and must not be acknowledged to a worker before.
  virtual absl::Status Record(const SessionTask& task, const Outcome& outcome) {
    return Complete(task, outcome);
  }
  virtual absl::Status Commit() { return absl::OkStatus(); }
  virtual const Engine& engine() const = 0;
  // Null before it begins, and where there is none.
  virtual const RefinementStage* refinement() const { return nullptr; }
  // Next gave Done.
  virtual bool done() const { return engine().phase() == Phase::kDone; }
  virtual double seconds_spent() const = 0;  // search phase, this and earlier sittings
  // The budget ended the search phase, now or in an earlier sitting; a longer one changes nothing.
  virtual bool search_stopped() const = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_SESSION_H_
