// A search with its storage: the engine, the run's stored outcomes, and the budget.
//
// Next() asks the engine, answers from the store if the outcome is stored, and returns only work
// that must be done. An outcome and what it changes are stored in one transaction, so that a run
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
#include "search/work_contexts.h"

namespace strata::search {

struct SessionOptions : WorkContexts {  // the contexts of subject 0
  EngineOptions engine;
  std::vector<WorkContexts> further_contexts;  // of subjects 1, 2, ..., see RobustOptions
  // If set, an allocation is refined once the engine is done, with the target and seed of the
  // engine.
  std::optional<RefinementOptions> refinement;
  double budget_seconds = 0;  // of the search phase, added up over resumes; 0: no limit
  // Continues a search whose budget was spent, with the budgets of these options.
  bool extend = false;
  std::function<double()> now_seconds;  // monotonic clock
  // Called after every commit with the changes that it stored; null: not called.
  std::function<void(const RunChanges&)> on_commit = nullptr;
};

// Returns the context of a work item of any subject of the search.
const std::string& ContextOf(const SessionOptions& options, const WorkItem& item);

struct SessionItem {
  WorkItem item;
  std::string digest;  // 16 bytes or more, hexadecimal
};
using SessionAction = std::variant<SessionItem, Wait, Done>;

// Not thread-safe.
class Session {
 public:
  // Begins a search, or resumes it if the store has outcomes. `store` must outlive the session;
  // `layout` is that of Engine::Create. Errors: InvalidArgument for impossible options or an
  // invalid layout; FailedPrecondition if the run was started with others; DataLoss if what is
  // stored is impossible; those of the store.
  static absl::StatusOr<std::unique_ptr<Session>> Create(const SessionOptions& options,
                                                         const expr::UnitLayout& layout,
                                                         RunStore* store);
  virtual ~Session() = default;

  // Returns the next work item whose outcome is not stored; Wait while outcomes must come first;
  // Done at the end. Also ends the search phase when the budget is spent; after a resume, one work
  // item that was not stored is handed out first. Errors: DataLoss for a stored outcome that does
  // not fit its work item; those of Commit.
  virtual absl::StatusOr<SessionAction> Next() = 0;
  // Records the outcome of a work item and commits. Errors: those of Record and Commit.
  virtual absl::Status Complete(const SessionItem& item, const Outcome& outcome) = 0;
  // Takes the outcome of a work item without storing it yet, so that many outcomes share the cost
  // of a commit. The outcome is stored when the next Commit returns OK; it must not be acknowledged
  // to a worker before. Errors: InvalidArgument for a work item that was not handed out or has an
  // outcome, and for an outcome that does not fit it.
  virtual absl::Status Record(const SessionItem& item, const Outcome& outcome) = 0;
  // Stores what was recorded, and what it changed, in one transaction. Errors: those of the store,
  // after which every later commit fails with the same error.
  virtual absl::Status Commit() = 0;
  virtual const Engine& engine() const = 0;
  // Returns the refinement; null before it begins, and if there is none.
  virtual const RefinementStage* refinement() const { return nullptr; }
  // True once Next returned Done.
  virtual bool done() const { return engine().phase() == Phase::kDone; }
  // Returns the seconds of the search phase, those before a resume included.
  virtual double seconds_spent() const = 0;
  // True if the budget ended the search phase, now or before a resume. A longer budget changes
  // nothing then.
  virtual bool search_stopped() const = 0;
};

// Returns why the search phase ended, as the run and everything that reports on it says it: "time"
// if the budget ended it, otherwise Engine::end_reason().
inline std::string EndReason(const Session& session) {
  return session.search_stopped() ? "time" : std::string(session.engine().end_reason());
}

}  // namespace strata::search

#endif  // STRATA_SEARCH_SESSION_H_
