// One run on disk: a folder with strata.sqlite (WAL, opened for writing by the coordinator only)
// holding the effective configuration, results by task digest, candidates and events. Resuming
// replays the engine over the stored results.
#ifndef STRATA_SEARCH_RUN_STORE_H_
#define STRATA_SEARCH_RUN_STORE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/engine/engine.h"
#include "search/refinement/refinement_stage.h"

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
  std::vector<ScenarioResult> scenarios;
  std::optional<double> fitness_nll, selection_nll, report_nll, achieved_sparsity;
  bool on_front = false;
  bool best_of_baseline = false;
};

// The property that makes a run a started one: the effective configuration.
inline constexpr char kConfigProperty[] = "config";
// Losses of the dense model and of uniform sparsities in every scenario, where there are several:
// ScenarioReferencesText. Set once the run is done.
inline constexpr char kScenarioReferencesProperty[] = "scenario_references";
// Why the search part ended: Engine::end_reason(), or "time". Set once the run is done.
inline constexpr char kEndReasonProperty[] = "end_reason";
// SessionOptions::verify_context: what the digests of measurements on the report split are made of.
inline constexpr char kVerifyContextProperty[] = "verify_context";
// The candidate whose allocation a refinement began with.
inline constexpr char kRefinedFromProperty[] = "refined_from";
// How often slopes were measured for it, and why they could not be; empty if they could.
inline constexpr char kRefinedSlopesProperty[] = "refined_slopes";
inline constexpr char kSlopeFailureProperty[] = "slope_failure";

struct StoredEvent {
  double unix_seconds = 0;
  std::string kind;
  std::string detail;
};

// Changes that take effect together.
struct RunChanges {
  std::map<std::string, std::string> properties;
  // By task digest; of a digest that is stored already the first outcome stays.
  std::map<std::string, Outcome> outcomes;
  // Candidates with a larger id are removed, before those below are put.
  std::optional<int64_t> last_candidate;
  std::vector<StoredCandidate> candidates;  // replace those with their ids
  // All refined allocations are removed, before those below are put.
  bool drops_refined = false;
  std::vector<RefinedResult> refined;  // replace those with their ids
  std::vector<StoredEvent> events;     // appended

  bool empty() const {
    return properties.empty() && outcomes.empty() && !last_candidate && candidates.empty() &&
           !drops_refined && refined.empty() && events.empty();
  }
};

// When what was written reaches the disk itself.
enum class Fsync {
  kCommit,      // with every write: what was written survives a power loss
  kCheckpoint,  // now and then: a killed process loses nothing, a power loss the last writes
};

struct RunStoreOptions {
  Fsync fsync = Fsync::kCommit;
  // SQLite's locks and shared memory cannot be trusted on network file systems, on which databases
  // are therefore refused.
  bool allow_network_file_system = false;
  // What a folder lies on, as in network_file_system.h. Null: NetworkFileSystemOf.
  std::function<std::string(const std::string& folder)> network_file_system = {};
  std::string file_layer = {};  // name of a registered VFS of SQLite; empty: its own
};

// Rows of the table of candidates as they are stored, by id.
struct RawCandidates {
  std::vector<std::string> columns;
  // Type and bytes of every column's value.
  std::map<int64_t, std::vector<std::string>> rows;
};

class RunStore {
 public:
  // Creates the folder and the database. AlreadyExists exactly if a run was started in it: its
  // database has the property kConfigProperty. What a search left that was killed before that (an
  // empty file, an empty schema) is made new. ResourceExhausted when the disk is full;
  // FailedPrecondition on a network file system.
  static absl::StatusOr<std::unique_ptr<RunStore>> Create(const std::string& folder,
                                                          const RunStoreOptions& options = {});
  // For writing (resume): FailedPrecondition if another process holds the run, on a network file
  // system, and for the schema of a newer version. That of an older one is brought up to date, all
  // or nothing.
  static absl::StatusOr<std::unique_ptr<RunStore>> Open(const std::string& folder,
                                                        const RunStoreOptions& options = {});
  // For the reading verbs, also while a search runs; of a run with an older schema, a copy in
  // memory. NotFound says what was looked for. Needs no
  // permission to write once the run was closed; PermissionDenied if it was killed and the user may
  // not write to its folder, or may not read it at all.
  static absl::StatusOr<std::unique_ptr<RunStore>> OpenForReading(const std::string& folder);
  // The run as it is now, in memory: it can be written to, which changes nothing on disk.
  static absl::StatusOr<std::unique_ptr<RunStore>> OpenCopy(const std::string& folder);
  virtual ~RunStore() = default;

  // All or nothing. InvalidArgument, and nothing written, for a loss that is no number.
  virtual absl::Status Write(const RunChanges& changes) = 0;

  // Small named texts: the effective configuration, model and text digests, schema version, task
  // context.
  virtual absl::StatusOr<std::optional<std::string>> Property(const std::string& name) const = 0;
  virtual absl::StatusOr<std::optional<Outcome>> FindOutcome(const std::string& digest) const = 0;
  virtual absl::StatusOr<std::vector<StoredCandidate>> Candidates() const = 0;
  // By id; empty where nothing was refined. kRefinedFromProperty names the candidate.
  virtual absl::StatusOr<std::vector<RefinedResult>> Refined() const = 0;
  // The last so many, oldest first.
  virtual absl::StatusOr<std::vector<StoredEvent>> LastEvents(int count) const = 0;
  // Reasons of outcomes that are failures, and how many have each.
  virtual absl::StatusOr<std::map<std::string, int64_t>> FailureReasons() const = 0;
  // Digests of all outcomes with what is wrong with each, empty where it can be read.
  virtual absl::StatusOr<std::map<std::string, std::string>> CheckOutcomes() const = 0;
  virtual absl::StatusOr<RawCandidates> CandidatesAsStored() const = 0;
  // What SQLite's full check finds wrong with the file; empty where nothing is.
  virtual absl::StatusOr<std::vector<std::string>> IntegrityProblems() const = 0;
  // Writes the run as it is now to a database of its own; the search may go on meanwhile. The file
  // must not exist, is whole or absent afterwards, and is on disk when this returns.
  virtual absl::Status BackUp(const std::string& path) const = 0;

  // One change each.
  absl::Status PutProperty(const std::string& name, const std::string& value);
  absl::Status PutOutcome(const std::string& digest, const Outcome& outcome);
  absl::Status PutCandidates(const std::vector<StoredCandidate>& candidates);
  absl::Status DropCandidatesAbove(int64_t last_candidate);
  absl::Status AppendEvent(double unix_seconds, const std::string& kind, const std::string& detail);
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_RUN_STORE_H_
