// A stored run: a folder with the database strata.sqlite, which holds the effective configuration,
// results by work item digest, candidates and events. The database uses write-ahead logging (WAL),
// and only the coordinator opens it for writing. Resuming replays the engine over the stored
// results.
#ifndef STRATA_SEARCH_STORE_RUN_STORE_H_
#define STRATA_SEARCH_STORE_RUN_STORE_H_

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
  std::vector<double> rung_nll;
  bool stopped_early = false;
  std::vector<double> measures;
  std::vector<ScenarioResult> scenarios;
  std::optional<double> fitness_nll, selection_nll, report_nll, achieved_sparsity;
  bool on_front = false;
  bool best_of_baseline = false;
};

// The effective configuration. A run counts as started if it has this property.
inline constexpr char kConfigProperty[] = "config";
// Losses of the dense model and of uniform sparsities in every scenario, if there are several:
// ScenarioReferencesText. Set once the run is done.
inline constexpr char kScenarioReferencesProperty[] = "scenario_references";
// Losses of the dense model, Engine::DenseLoss, in decimal: measured like the fitness, the
// selection and the report of candidates. Each is set once it is known; older runs lack them.
inline constexpr char kDenseFitnessProperty[] = "dense_fitness_nll";
inline constexpr char kDenseSelectionProperty[] = "dense_selection_nll";
inline constexpr char kDenseReportProperty[] = "dense_report_nll";
// Reason why the search phase ended: Engine::end_reason(), or "time". Set once the run is done, and
// empty again while it is extended.
inline constexpr char kEndReasonProperty[] = "end_reason";
// SessionOptions::verify_context, from which the digests of measurements on the report split are
// made.
inline constexpr char kVerifyContextProperty[] = "verify_context";
// Id of the candidate whose allocation a refinement began with; -1 for uniform sparsities that no
// candidate has.
inline constexpr char kRefinedFromProperty[] = "refined_from";
// Number of slope measurements of the refinement.
inline constexpr char kRefinedSlopesProperty[] = "refined_slopes";
// Reason why slopes could not be measured; empty if they could.
inline constexpr char kSlopeFailureProperty[] = "slope_failure";

struct StoredEvent {
  double unix_seconds = 0;
  std::string kind;
  std::string detail;
};

// Changes that take effect together.
struct RunChanges {
  std::map<std::string, std::string> properties;
  // By work item digest. If a digest is stored already, its first outcome stays.
  std::map<std::string, Outcome> outcomes;
  // Candidates with a larger id are removed before those below are written.
  std::optional<int64_t> last_candidate;
  std::vector<StoredCandidate> candidates;  // replace those with their ids
  // True: all refined allocations are removed before those below are written.
  bool drops_refined = false;
  std::vector<RefinedResult> refined;  // replace those with their ids
  std::vector<StoredEvent> events;     // appended

  bool empty() const {
    return properties.empty() && outcomes.empty() && !last_candidate && candidates.empty() &&
           !drops_refined && refined.empty() && events.empty();
  }
};

// When writes reach the disk itself.
enum class Fsync {
  kCommit,      // with every write, so that it survives a power loss
  kCheckpoint,  // now and then: a power loss undoes the last writes, a killed process none
};

struct RunStoreOptions {
  Fsync fsync = Fsync::kCommit;
  // True: allow databases on network file systems. They are refused otherwise, because SQLite's
  // locks and shared memory cannot be trusted there.
  bool allow_network_file_system = false;
  // Returns the network file system of a folder, as in network_file_system.h. Null:
  // NetworkFileSystemOf.
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
  // Creates the folder and the database. The remains of a search that was killed before its run was
  // started (an empty file, an empty schema) are replaced. Errors: AlreadyExists if and only if a
  // run was started in the folder, that is, its database has the property kConfigProperty;
  // ResourceExhausted if the disk is full; FailedPrecondition on a network file system.
  static absl::StatusOr<std::unique_ptr<RunStore>> Create(const std::string& folder,
                                                          const RunStoreOptions& options = {});
  // Opens a run for writing (resume). A schema of an older version is migrated, completely or not
  // at all. Errors: FailedPrecondition if another process holds the run, on a network file system,
  // and for the schema of a newer version.
  static absl::StatusOr<std::unique_ptr<RunStore>> Open(const std::string& folder,
                                                        const RunStoreOptions& options = {});
  // Opens a run for commands that only read, also while a search runs. A run with an older schema
  // is opened as a migrated copy in memory. Needs no permission to write once the run was closed.
  // Errors: NotFound says what was looked for; PermissionDenied if the run was killed and the user
  // may not write to its folder, or if the user may not read it at all.
  static absl::StatusOr<std::unique_ptr<RunStore>> OpenForReading(const std::string& folder);
  // Opens a copy in memory of the run as it is now. It can be written to, which changes nothing on
  // disk.
  static absl::StatusOr<std::unique_ptr<RunStore>> OpenCopy(const std::string& folder);
  virtual ~RunStore() = default;

  // Writes all changes or none. Errors: InvalidArgument, and nothing is written, for a loss that is
  // no number; DataLoss if the folder or its database was removed, moved or replaced since it was
  // opened (the changes are in the database that was opened, wherever it is now).
  virtual absl::Status Write(const RunChanges& changes) = 0;

  // Returns a small named text: the effective configuration, model and text digests, schema
  // version, work item context.
  virtual absl::StatusOr<std::optional<std::string>> Property(const std::string& name) const = 0;
  virtual absl::StatusOr<std::optional<Outcome>> FindOutcome(const std::string& digest) const = 0;
  virtual absl::StatusOr<std::vector<StoredCandidate>> Candidates() const = 0;
  // Returns the refined allocations by id; empty if nothing was refined. kRefinedFromProperty names
  // the candidate.
  virtual absl::StatusOr<std::vector<RefinedResult>> Refined() const = 0;
  // Returns the last `count` events, oldest first.
  virtual absl::StatusOr<std::vector<StoredEvent>> LastEvents(int count) const = 0;
  // Returns the reasons of outcomes that are failures, and how many outcomes have each.
  virtual absl::StatusOr<std::map<std::string, int64_t>> FailureReasons() const = 0;
  // Returns, by digest, what is wrong with each outcome; the text is empty if the outcome can be
  // read.
  virtual absl::StatusOr<std::map<std::string, std::string>> CheckOutcomes() const = 0;
  virtual absl::StatusOr<RawCandidates> CandidatesAsStored() const = 0;
  // Returns what SQLite's full check finds wrong with the file; empty if nothing is.
  virtual absl::StatusOr<std::vector<std::string>> IntegrityProblems() const = 0;
  // Writes the run as it is now to a database of its own; the search may go on meanwhile. The file
  // must not exist. It is complete or absent afterwards, and on disk when this returns.
  virtual absl::Status BackUp(const std::string& path) const = 0;

  // Write one change each.
  absl::Status PutProperty(const std::string& name, const std::string& value);
  absl::Status PutOutcome(const std::string& digest, const Outcome& outcome);
  absl::Status PutCandidates(const std::vector<StoredCandidate>& candidates);
  absl::Status DropCandidatesAbove(int64_t last_candidate);
  absl::Status AppendEvent(double unix_seconds, const std::string& kind, const std::string& detail);
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORE_RUN_STORE_H_
