#include "search/store/sqlite_run_store.h"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "evaluator/files/file_system.h"
#include "expr/status_macros.h"
#include "search/engine/outcome_codec.h"
#include "search/store/candidate_rows.h"
#include "search/store/run_schema.h"
#include "search/store/sqlite_status.h"

namespace strata::search {
namespace {

constexpr int kBusyTimeoutMilliseconds = 5000;

constexpr char kSelectCandidates[] =
    "SELECT id, text, complexity, origin, name, parents, allocation, same_as, failure, "
    "fitness_nll, selection_nll, report_nll, achieved_sparsity, on_front, best_of_baseline, "
    "forecast_nll, forecast_deviation, level_nll, stopped_early, measures, scenarios "
    "FROM candidates ORDER BY id";

absl::Status CheckNumbers(const std::vector<StoredCandidate>& candidates) {
  for (const StoredCandidate& candidate : candidates) {
    for (const auto& value : {candidate.fitness_nll, candidate.selection_nll, candidate.report_nll,
                              candidate.achieved_sparsity}) {
      // SQLite would store NaN as NULL, which reads as "not measured".
      if (value && std::isnan(*value)) {
        return absl::InvalidArgumentError(
            fmt::format("candidate {}: expected losses and sparsity that are numbers, found nan",
                        candidate.id));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string DatabasePath(const std::string& folder) { return folder + "/strata.sqlite"; }

// A prepared statement for one use. The destructor resets it for the next use, however this one
// ends.
class SqliteRunStore::Prepared {
 public:
  explicit Prepared(SQLite::Statement* statement) : statement_(statement) {}
  ~Prepared() { statement_->tryReset(); }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  SQLite::Statement* operator->() const { return statement_; }
  SQLite::Statement& operator*() const { return *statement_; }

 private:
  SQLite::Statement* const statement_;
};

template <typename Result, typename Work>
Result SqliteRunStore::Guard(const char* action, const Work& work) const {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    return DatabaseError(error, action, folder_);
  }
}

SqliteRunStore::Prepared SqliteRunStore::Prepare(const char* sql) const {
  std::unique_ptr<SQLite::Statement>& statement = statements_[sql];
  if (statement == nullptr) statement = std::make_unique<SQLite::Statement>(database_, sql);
  return Prepared(statement.get());
}

SqliteRunStore::SqliteRunStore(std::string folder, const std::string& database,
                               std::optional<RunLock> lock, bool is_writable, int flags,
                               const std::string& file_layer)
    : folder_(std::move(folder)),
      lock_(std::move(lock)),
      is_writable_(is_writable),
      database_(database, flags, kBusyTimeoutMilliseconds, file_layer) {}

void SqliteRunStore::ConfigureForWriting(Fsync fsync) {
  database_.exec("PRAGMA journal_mode=WAL");
  database_.exec(fsync == Fsync::kCommit ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

absl::Status SqliteRunStore::BeginRun(Fsync fsync) {
  if (!HoldsSchema(database_)) {
    ConfigureForWriting(fsync);
    CreateSchema(&database_);
    return absl::OkStatus();
  }
  STRATA_ASSIGN_OR_RETURN(const int version, ReadSchemaVersion(database_, DatabasePath(folder_)));
  STRATA_ASSIGN_OR_RETURN(const std::optional<std::string> config, Property(kConfigProperty));
  if (config) {
    return absl::AlreadyExistsError(fmt::format(
        "{} holds a run already; expected a folder without {}", folder_, "strata.sqlite"));
  }
  ConfigureForWriting(fsync);
  MigrateSchema(version, &database_);
  SQLite::Transaction transaction(database_);
  database_.exec(
      "DELETE FROM properties WHERE name <> 'schema_version'; DELETE FROM outcomes; "
      "DELETE FROM candidates; DELETE FROM refined; DELETE FROM events");
  transaction.commit();
  return absl::OkStatus();
}

absl::Status SqliteRunStore::WatchFiles() {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    STRATA_ASSIGN_OR_RETURN(WatchedFile file, WatchedFile::Watch(DatabasePath(folder_) + suffix));
    watched_.push_back(std::move(file));
  }
  return absl::OkStatus();
}

absl::Status SqliteRunStore::CheckFiles() const {
  for (const WatchedFile& file : watched_) {
    const absl::Status status = file.Check();
    if (status.ok()) continue;
    return absl::Status(status.code(),
                        fmt::format("the run in {} is no longer where its search keeps it: {}",
                                    folder_, std::string(status.message())));
  }
  return absl::OkStatus();
}

absl::Status SqliteRunStore::CheckIntegrity() const {
  return Guard<absl::Status>("check", [&]() -> absl::Status {
    SQLite::Statement check(database_, "PRAGMA quick_check(1)");
    const std::string found = check.executeStep() ? check.getColumn(0).getString() : "nothing";
    if (found == "ok") return absl::OkStatus();
    return absl::DataLossError(
        fmt::format("{} is damaged: expected \"ok\" from SQLite's check, found \"{}\"",
                    DatabasePath(folder_), found));
  });
}

absl::Status SqliteRunStore::Write(const RunChanges& changes) {
  if (!is_writable_) {
    return absl::FailedPreconditionError(
        fmt::format("cannot write the run in {}: it was opened for reading", folder_));
  }
  if (changes.empty()) return absl::OkStatus();
  const absl::Status numbers = CheckNumbers(changes.candidates);
  if (!numbers.ok()) return numbers;
  // The files are looked at last, so that whoever moved the folder finds these changes in it, too.
  const absl::Status written = WriteAll(changes);
  const absl::Status files = CheckFiles();
  return files.ok() ? written : files;
}

absl::Status SqliteRunStore::WriteAll(const RunChanges& changes) {
  return Guard<absl::Status>("write", [&] {
    SQLite::Transaction transaction(database_);
    WriteOutcomes(changes.outcomes);
    WriteCandidates(changes);
    WriteRefined(changes);
    WriteProperties(changes.properties);
    WriteEvents(changes.events);
    transaction.commit();
    return absl::OkStatus();
  });
}

absl::StatusOr<std::optional<std::string>> SqliteRunStore::Property(const std::string& name) const {
  using Result = absl::StatusOr<std::optional<std::string>>;
  return Guard<Result>("read a property of", [&]() -> Result {
    const Prepared find = Prepare("SELECT value FROM properties WHERE name = ?");
    find->bind(1, name);
    if (!find->executeStep()) return std::optional<std::string>();
    return std::optional<std::string>(find->getColumn(0).getString());
  });
}

absl::StatusOr<std::optional<Outcome>> SqliteRunStore::FindOutcome(
    const std::string& digest) const {
  using Result = absl::StatusOr<std::optional<Outcome>>;
  return Guard<Result>("read an outcome of", [&]() -> Result {
    const Prepared find = Prepare("SELECT kind, payload FROM outcomes WHERE digest = ?");
    find->bind(1, digest);
    if (!find->executeStep()) return std::optional<Outcome>();
    absl::StatusOr<Outcome> outcome =
        DecodeOutcome(find->getColumn(0).getString(), find->getColumn(1).getString());
    if (outcome.ok()) return std::optional<Outcome>(*std::move(outcome));
    return absl::DataLossError(fmt::format("{}: outcome {}: {}", DatabasePath(folder_), digest,
                                           std::string(outcome.status().message())));
  });
}

absl::StatusOr<std::vector<StoredCandidate>> SqliteRunStore::Candidates() const {
  using Result = absl::StatusOr<std::vector<StoredCandidate>>;
  return Guard<Result>("read the candidates of", [&]() -> Result {
    std::vector<StoredCandidate> candidates;
    const Prepared select = Prepare(kSelectCandidates);
    while (select->executeStep()) {
      absl::StatusOr<StoredCandidate> candidate = ReadCandidate(*select);
      if (!candidate.ok()) {
        return absl::DataLossError(fmt::format("{}: {}", DatabasePath(folder_),
                                               std::string(candidate.status().message())));
      }
      candidates.push_back(*std::move(candidate));
    }
    return candidates;
  });
}

absl::StatusOr<std::vector<RefinedResult>> SqliteRunStore::Refined() const {
  using Result = absl::StatusOr<std::vector<RefinedResult>>;
  return Guard<Result>("read the refined allocations of", [&]() -> Result {
    std::vector<RefinedResult> results;
    const Prepared select = Prepare(
        "SELECT id, parent, allocation, failure, nll, selection_nll, report_nll, "
        "achieved_sparsity FROM refined ORDER BY id");
    while (select->executeStep()) {
      absl::StatusOr<RefinedResult> result = ReadRefined(*select);
      if (!result.ok()) {
        return absl::DataLossError(
            fmt::format("the run in {}: {}", folder_, std::string(result.status().message())));
      }
      results.push_back(*std::move(result));
    }
    return results;
  });
}

absl::StatusOr<std::vector<StoredEvent>> SqliteRunStore::LastEvents(int count) const {
  using Result = absl::StatusOr<std::vector<StoredEvent>>;
  return Guard<Result>("read the events of", [&]() -> Result {
    std::vector<StoredEvent> events;
    const Prepared select = Prepare(
        "SELECT unix_seconds, kind, detail FROM "
        "(SELECT * FROM events ORDER BY id DESC LIMIT ?) ORDER BY id");
    select->bind(1, count);
    while (select->executeStep()) {
      events.push_back({select->getColumn(0).getDouble(), select->getColumn(1).getString(),
                        select->getColumn(2).getString()});
    }
    return events;
  });
}

absl::StatusOr<std::map<std::string, int64_t>> SqliteRunStore::FailureReasons() const {
  using Result = absl::StatusOr<std::map<std::string, int64_t>>;
  return Guard<Result>("read the failures of", [&]() -> Result {
    std::map<std::string, int64_t> reasons;
    const Prepared select =
        Prepare("SELECT payload FROM outcomes WHERE kind = 'failed' ORDER BY digest");
    while (select->executeStep()) ++reasons[select->getColumn(0).getString()];
    return reasons;
  });
}

absl::StatusOr<std::map<std::string, std::string>> SqliteRunStore::CheckOutcomes() const {
  using Result = absl::StatusOr<std::map<std::string, std::string>>;
  return Guard<Result>("read the outcomes of", [&]() -> Result {
    std::map<std::string, std::string> problems;
    const Prepared select = Prepare("SELECT digest, kind, payload FROM outcomes");
    while (select->executeStep()) {
      const absl::Status decoded =
          DecodeOutcome(select->getColumn(1).getString(), select->getColumn(2).getString())
              .status();
      problems[select->getColumn(0).getString()] = std::string(decoded.message());
    }
    return problems;
  });
}

absl::StatusOr<RawCandidates> SqliteRunStore::CandidatesAsStored() const {
  using Result = absl::StatusOr<RawCandidates>;
  return Guard<Result>("read the candidates of", [&]() -> Result {
    RawCandidates raw;
    const Prepared select = Prepare("SELECT * FROM candidates ORDER BY id");
    for (int i = 0; i < select->getColumnCount(); ++i) {
      raw.columns.emplace_back(select->getColumnName(i));
    }
    while (select->executeStep()) {
      std::vector<std::string>& values = raw.rows[select->getColumn(0).getInt64()];
      for (int i = 0; i < select->getColumnCount(); ++i) {
        const SQLite::Column value = select->getColumn(i);
        // SQLite prints 15 digits of a number, which do not distinguish all numbers.
        const std::string bytes =
            value.isFloat() ? fmt::format("{:a}", value.getDouble()) : value.getString();
        values.push_back(fmt::format("{}:{}", value.getType(), bytes));
      }
    }
    return raw;
  });
}

absl::StatusOr<std::vector<std::string>> SqliteRunStore::IntegrityProblems() const {
  using Result = absl::StatusOr<std::vector<std::string>>;
  return Guard<Result>("check", [&]() -> Result {
    std::vector<std::string> problems;
    SQLite::Statement check(database_, "PRAGMA integrity_check");
    while (check.executeStep()) problems.push_back(check.getColumn(0).getString());
    if (problems == std::vector<std::string>{"ok"}) problems.clear();
    return problems;
  });
}

void SqliteRunStore::WriteProperties(const std::map<std::string, std::string>& properties) {
  for (const auto& [name, value] : properties) {
    const Prepared put = Prepare(
        "INSERT INTO properties VALUES (?, ?) "
        "ON CONFLICT(name) DO UPDATE SET value = excluded.value");
    put->bind(1, name);
    put->bind(2, value);
    put->exec();
  }
}

void SqliteRunStore::WriteOutcomes(const std::map<std::string, Outcome>& outcomes) {
  for (const auto& [digest, outcome] : outcomes) {
    const Prepared put = Prepare("INSERT INTO outcomes VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    const std::string payload = EncodeOutcome(outcome);
    put->bind(1, digest);
    put->bind(2, KindOf(outcome));
    put->bind(3, static_cast<const void*>(payload.data()), static_cast<int>(payload.size()));
    put->exec();
  }
}

void SqliteRunStore::WriteCandidates(const RunChanges& changes) {
  if (changes.last_candidate) {
    const Prepared drop = Prepare("DELETE FROM candidates WHERE id > ?");
    drop->bind(1, *changes.last_candidate);
    drop->exec();
  }
  for (const StoredCandidate& candidate : changes.candidates) {
    const Prepared put = Prepare(
        "INSERT OR REPLACE INTO candidates "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    BindCandidate(candidate, &*put);
    put->exec();
  }
}

void SqliteRunStore::WriteRefined(const RunChanges& changes) {
  if (changes.drops_refined) Prepare("DELETE FROM refined")->exec();
  for (const RefinedResult& result : changes.refined) {
    const Prepared put = Prepare("INSERT OR REPLACE INTO refined VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    BindRefined(result, &*put);
    put->exec();
  }
}

void SqliteRunStore::WriteEvents(const std::vector<StoredEvent>& events) {
  for (const StoredEvent& event : events) {
    const Prepared append =
        Prepare("INSERT INTO events (unix_seconds, kind, detail) VALUES (?, ?, ?)");
    append->bind(1, event.unix_seconds);
    append->bind(2, event.kind);
    append->bind(3, event.detail);
    append->exec();
  }
}

absl::Status SqliteRunStore::BackUp(const std::string& path) const {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return absl::AlreadyExistsError(fmt::format("{} exists; expected a new file", path));
  }
  const std::string partial = path + ".partial";
  const auto clean_up = [&] {
    std::filesystem::remove(partial, error);
    std::filesystem::remove(partial + "-journal", error);
  };
  clean_up();
  absl::Status status = Guard<absl::Status>("back up", [&]() -> absl::Status {
    SQLite::Database target(partial, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    // All pages are copied in one step, so they come from one snapshot of the run.
    SQLite::Backup backup(target, const_cast<SQLite::Database&>(database_));
    if (backup.executeStep(-1) != SQLITE_DONE) {
      return absl::UnavailableError(
          fmt::format("cannot back up the run in {}: it was locked for too long", folder_));
    }
    return absl::OkStatus();
  });
  if (status.ok()) status = evaluator::FlushPath(partial);
  if (status.ok() && std::rename(partial.c_str(), path.c_str()) != 0) {
    status = evaluator::FileStatus(errno, "rename", partial);
  }
  if (!status.ok()) {
    clean_up();
    return status;
  }
  return evaluator::FlushPath(std::filesystem::absolute(path).parent_path());
}

}  // namespace strata::search
