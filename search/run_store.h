// One run on disk: a folder with strata.sqlite (WAL, opened for writing by the coordinator only)
// holding the effective configuration, results by task digest, candidates and events. Resuming
// replays the engine over the stored results.
#ifndef STRATA_SEARCH_RUN_STORE_H_
#define STRATA_SEARCH_RUN_STORE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/engine.h"

namespace strata::search {

struct StoredCandidate {
  int64_t id = 0;
  std::string text;
  int complexity = 0;
  Lineage lineage;
  std::optional<Forecast> forecast;
  expr::Allocation allocation;
  std::optional<int64_t> same_as;
  std::string failure;
  std::vector<double> level_nll;
  bool stopped_early = false;
  std::vector<double> measures;
  std::optional<double> fitness_nll, selection_nll, report_nll, achieved_sparsity;
  bool on_front = false;
  bool best_of_baseline = false;
};

// The property that makes a run a started one: the effective configuration.
inline constexpr char kConfigProperty[] = "config";
// Why the search part ended: Engine::end_reason(), or "time". Set once the run is done.
inline constexpr char kEndReasonProperty[] = "end_reason";

class RunStore {
 public:
  // Creates the folder and the database. AlreadyExists exactly if a run was started in it: its
  // database has the property kConfigProperty. What a search left that was killed before that (an
  // empty file, an empty schema) is made new. ResourceExhausted when the disk is full.
  static absl::StatusOr<std::unique_ptr<RunStore>> Create(const std::string& folder);
  // For writing (resume): FailedPrecondition if another process holds the run.
  static absl::StatusOr<std::unique_ptr<RunStore>> Open(const std::string& folder);
  // For the reading verbs, also while a search runs. NotFound says what was looked for. Needs no
  // permission to write once the run was closed; PermissionDenied if it was killed and the user may
  // not write to its folder, or may not read it at all.
  static absl::StatusOr<std::unique_ptr<RunStore>> OpenForReading(const std::string& folder);
  virtual ~RunStore() = default;

  // Small named texts: the effective configuration, model and text digests, schema version, task
  // context.
  virtual absl::Status PutProperty(const std::string& name, const std::string& value) = 0;
  virtual absl::StatusOr<std::optional<std::string>> Property(const std::string& name) const = 0;

  // Results keyed by task digest; putting the same digest again keeps the first.
  virtual absl::Status PutOutcome(const std::string& digest, const Outcome& outcome) = 0;
  virtual absl::StatusOr<std::optional<Outcome>> FindOutcome(const std::string& digest) const = 0;

  // Replaces the stored view of these candidates in one transaction.
  virtual absl::Status PutCandidates(const std::vector<StoredCandidate>& candidates) = 0;
  // Removes the stored view of candidates with a larger id, which a stopped search dropped.
  virtual absl::Status DropCandidatesAbove(int64_t last_candidate) = 0;
  virtual absl::StatusOr<std::vector<StoredCandidate>> Candidates() const = 0;

  // Appends to the event log: time is the caller's, in seconds since the epoch.
  virtual absl::Status AppendEvent(double unix_seconds, const std::string& kind,
                                   const std::string& detail) = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_RUN_STORE_H_
