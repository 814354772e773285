// The run store as an SQLite database. Private to search/store/.
#ifndef STRATA_SEARCH_STORE_SQLITE_RUN_STORE_H_
#define STRATA_SEARCH_STORE_SQLITE_RUN_STORE_H_

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/store/run_lock.h"
#include "search/store/run_store.h"
#include "search/store/watched_file.h"

namespace strata::search {

std::string DatabasePath(const std::string& folder);

class SqliteRunStore final : public RunStore {
 public:
  // `database` is the path that SQLite opens, or a URI if the flags say so. `is_writable` says if
  // Write is allowed. Throws SQLite::Exception, as do the methods whose comments mention no errors.
  SqliteRunStore(std::string folder, const std::string& database, std::optional<RunLock> lock,
                 bool is_writable, int flags, const std::string& file_layer);

  SQLite::Database* database() { return &database_; }

  // Switches to write-ahead logging, which lets readers read while the search writes.
  // Fsync::kCommit (FULL) syncs the log with every commit. kCheckpoint (NORMAL) syncs it only when
  // it is taken into the database, so a power loss may undo the last commits, but never damages the
  // file.
  void ConfigureForWriting(Fsync fsync);

  // Makes this the database of a new run, whatever a creation that was killed left in it. Errors:
  // AlreadyExists if a run was started.
  absl::Status BeginRun(Fsync fsync);

  // Lets every later Write check that the database, its log and its shared memory are still the
  // files of the folder. To be called once they exist. Errors of evaluator::FileStatus.
  absl::Status WatchFiles();

  // Errors: DataLoss for a damaged file, as far as SQLite's quick check shows.
  absl::Status CheckIntegrity() const;

  absl::Status Write(const RunChanges& changes) override;
  absl::StatusOr<std::optional<std::string>> Property(const std::string& name) const override;
  absl::StatusOr<std::optional<Outcome>> FindOutcome(const std::string& digest) const override;
  absl::StatusOr<std::vector<StoredCandidate>> Candidates() const override;
  absl::StatusOr<std::vector<RefinedResult>> Refined() const override;
  absl::StatusOr<std::vector<StoredEvent>> LastEvents(int count) const override;
  absl::StatusOr<std::map<std::string, int64_t>> FailureReasons() const override;
  absl::StatusOr<std::map<std::string, std::string>> CheckOutcomes() const override;
  absl::StatusOr<RawCandidates> CandidatesAsStored() const override;
  absl::StatusOr<std::vector<std::string>> IntegrityProblems() const override;
  absl::Status BackUp(const std::string& path) const override;

 private:
  class Prepared;
  template <typename Result, typename Work>
  Result Guard(const char* action, const Work& work) const;
  // Returns a statement that is compiled once. `sql` must be a literal, because its address is the
  // key.
  Prepared Prepare(const char* sql) const;
  absl::Status CheckFiles() const;
  absl::Status WriteAll(const RunChanges& changes);
  void WriteProperties(const std::map<std::string, std::string>& properties);
  void WriteOutcomes(const std::map<std::string, Outcome>& outcomes);
  void WriteCandidates(const RunChanges& changes);
  void WriteRefined(const RunChanges& changes);
  void WriteEvents(const std::vector<StoredEvent>& events);

  const std::string folder_;
  std::optional<RunLock> lock_;  // outlives the connection
  const bool is_writable_;
  std::vector<WatchedFile> watched_;
  SQLite::Database database_;
  mutable std::map<const char*, std::unique_ptr<SQLite::Statement>> statements_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORE_SQLITE_RUN_STORE_H_
