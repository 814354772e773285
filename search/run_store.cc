#include "search/run_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "search/candidate_rows.h"
#include "search/outcome_codec.h"
#include "search/run_lock.h"
#include "search/sqlite_status.h"

namespace strata::search {
namespace {

constexpr char kSchemaVersion[] = "2";
constexpr int kBusyTimeoutMilliseconds = 5000;

// Outcomes are BLOBs in the format of outcome_codec.h; for the candidates see candidate_rows.h.
constexpr char kSchema[] = R"sql(
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE outcomes (digest TEXT PRIMARY KEY, kind TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE candidates (
  id INTEGER PRIMARY KEY, text TEXT NOT NULL, complexity INTEGER NOT NULL,
  origin TEXT NOT NULL, name TEXT NOT NULL, parents TEXT NOT NULL, allocation BLOB NOT NULL,
  same_as INTEGER, failure TEXT NOT NULL, fitness_nll REAL, selection_nll REAL,
  report_nll REAL, achieved_sparsity REAL, on_front INTEGER NOT NULL, best_of_baseline INTEGER NOT NULL,
  forecast_nll REAL, forecast_deviation REAL, level_nll BLOB NOT NULL, stopped_early INTEGER NOT NULL,
  measures BLOB NOT NULL);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, unix_seconds REAL NOT NULL, kind TEXT NOT NULL,
  detail TEXT NOT NULL);
)sql";

std::string DatabasePath(const std::string& folder) { return folder + "/strata.sqlite"; }

class SqliteRunStore final : public RunStore {
 public:
  // `database` is what SQLite is to open: the path, or a URI where the flags say so.
  SqliteRunStore(std::string folder, const std::string& database, std::optional<RunLock> lock,
                 int flags)
      : folder_(std::move(folder)),
        lock_(std::move(lock)),
        database_(database, flags, kBusyTimeoutMilliseconds) {}

  // Write-ahead logging lets readers read while the search writes. synchronous=NORMAL: a killed
  // process loses nothing; a power loss may undo the last commits, never damage the file, and a
  // resumed search measures what was undone again.
  void ConfigureForWriting() {
    database_.exec("PRAGMA journal_mode=WAL");
    database_.exec("PRAGMA synchronous=NORMAL");
  }

  bool HoldsSchema() const { return database_.tableExists("properties"); }

  // All or nothing, so that a run is complete as soon as it can be seen.
  void CreateSchema() {
    SQLite::Transaction transaction(database_);
    database_.exec(kSchema);
    SQLite::Statement insert(database_, "INSERT INTO properties VALUES ('schema_version', ?)");
    insert.bind(1, kSchemaVersion);
    insert.exec();
    transaction.commit();
  }

  // Makes the database that of a new run, whatever a creation that was killed left of it.
  // AlreadyExists if a run was started.
  absl::Status BeginRun() {
    if (!HoldsSchema()) {
      ConfigureForWriting();
      CreateSchema();
      return absl::OkStatus();
    }
    const absl::Status usable = CheckSchema();
    if (!usable.ok()) return usable;
    const absl::StatusOr<std::optional<std::string>> config = Property(kConfigProperty);
    if (!config.ok()) return config.status();
    if (*config) {
      return absl::AlreadyExistsError(fmt::format(
          "{} holds a run already; expected a folder without {}", folder_, "strata.sqlite"));
    }
    ConfigureForWriting();
    SQLite::Transaction transaction(database_);
    database_.exec(
        "DELETE FROM properties WHERE name <> 'schema_version'; DELETE FROM outcomes; "
        "DELETE FROM candidates; DELETE FROM events");
    transaction.commit();
    return absl::OkStatus();
  }

  absl::Status CheckSchema() const {
    const absl::StatusOr<bool> holds_schema =
        Guard<absl::StatusOr<bool>>("open", [&] { return HoldsSchema(); });
    if (!holds_schema.ok()) return holds_schema.status();
    if (!*holds_schema) {
      return absl::NotFoundError(fmt::format(
          "no run in {}: {} is empty, as a search leaves it that was killed as it began", folder_,
          DatabasePath(folder_)));
    }
    absl::StatusOr<std::optional<std::string>> version = Property("schema_version");
    if (!version.ok()) return version.status();
    if (*version == kSchemaVersion) return absl::OkStatus();
    return absl::FailedPreconditionError(fmt::format(
        "{}: expected schema version {}, found {}: another version of strata made this run; read "
        "and resume it with that one",
        DatabasePath(folder_), kSchemaVersion, version->value_or("none")));
  }

  absl::Status CheckIntegrity() {
    return Guard<absl::Status>("check", [&]() -> absl::Status {
      SQLite::Statement check(database_, "PRAGMA quick_check(1)");
      const std::string found = check.executeStep() ? check.getColumn(0).getString() : "nothing";
      if (found == "ok") return absl::OkStatus();
      return absl::DataLossError(
          fmt::format("{} is damaged: expected \"ok\" from SQLite's check, found \"{}\"",
                      DatabasePath(folder_), found));
    });
  }

  absl::Status PutProperty(const std::string& name, const std::string& value) override {
    return Write("write a property of", [&] {
      SQLite::Statement put(database_,
                            "INSERT INTO properties VALUES (?, ?) "
                            "ON CONFLICT(name) DO UPDATE SET value = excluded.value");
      put.bind(1, name);
      put.bind(2, value);
      put.exec();
    });
  }

  absl::StatusOr<std::optional<std::string>> Property(const std::string& name) const override {
    using Result = absl::StatusOr<std::optional<std::string>>;
    return Guard<Result>("read a property of", [&]() -> Result {
      SQLite::Statement find(database_, "SELECT value FROM properties WHERE name = ?");
      find.bind(1, name);
      if (!find.executeStep()) return std::optional<std::string>();
      return std::optional<std::string>(find.getColumn(0).getString());
    });
  }

  absl::Status PutOutcome(const std::string& digest, const Outcome& outcome) override {
    return Write("write an outcome to", [&] {
      SQLite::Statement put(database_,
                            "INSERT INTO outcomes VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
      put.bind(1, digest);
      put.bind(2, KindOf(outcome));
      const std::string payload = EncodeOutcome(outcome);
      put.bind(3, static_cast<const void*>(payload.data()), static_cast<int>(payload.size()));
      put.exec();
    });
  }

  absl::StatusOr<std::optional<Outcome>> FindOutcome(const std::string& digest) const override {
    using Result = absl::StatusOr<std::optional<Outcome>>;
    return Guard<Result>("read an outcome of", [&]() -> Result {
      SQLite::Statement find(database_, "SELECT kind, payload FROM outcomes WHERE digest = ?");
      find.bind(1, digest);
      if (!find.executeStep()) return std::optional<Outcome>();
      absl::StatusOr<Outcome> outcome =
          DecodeOutcome(find.getColumn(0).getString(), find.getColumn(1).getString());
      if (outcome.ok()) return std::optional<Outcome>(*std::move(outcome));
      return absl::DataLossError(fmt::format("{}: outcome {}: {}", DatabasePath(folder_), digest,
                                             std::string(outcome.status().message())));
    });
  }

  absl::Status PutCandidates(const std::vector<StoredCandidate>& candidates) override {
    for (const StoredCandidate& candidate : candidates) {
      for (const auto& value : {candidate.fitness_nll, candidate.selection_nll,
                                candidate.report_nll, candidate.achieved_sparsity}) {
        // SQLite would store NaN as NULL, which reads as "not measured".
        if (value && std::isnan(*value)) {
          return absl::InvalidArgumentError(
              fmt::format("candidate {}: expected losses and sparsity that are numbers, found nan",
                          candidate.id));
        }
      }
    }
    return Write("write candidates to", [&] {
      SQLite::Transaction transaction(database_);
      SQLite::Statement put(database_,
                            "INSERT OR REPLACE INTO candidates "
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
      for (const StoredCandidate& candidate : candidates) {
        BindCandidate(candidate, &put);
        put.exec();
        put.reset();
      }
      transaction.commit();
    });
  }

  absl::Status DropCandidatesAbove(int64_t last_candidate) override {
    return Write("drop candidates of", [&] {
      SQLite::Statement drop(database_, "DELETE FROM candidates WHERE id > ?");
      drop.bind(1, last_candidate);
      drop.exec();
    });
  }

  absl::StatusOr<std::vector<StoredCandidate>> Candidates() const override {
    using Result = absl::StatusOr<std::vector<StoredCandidate>>;
    return Guard<Result>("read the candidates of", [&]() -> Result {
      std::vector<StoredCandidate> candidates;
      SQLite::Statement select(
          database_,
          "SELECT id, text, complexity, origin, name, parents, allocation, same_as, failure, "
          "fitness_nll, selection_nll, report_nll, achieved_sparsity, on_front, best_of_baseline, "
          "forecast_nll, forecast_deviation, level_nll, stopped_early, measures "
          "FROM candidates ORDER BY id");
      while (select.executeStep()) {
        absl::StatusOr<StoredCandidate> candidate = ReadCandidate(select);
        if (!candidate.ok()) {
          return absl::DataLossError(fmt::format("{}: {}", DatabasePath(folder_),
                                                 std::string(candidate.status().message())));
        }
        candidates.push_back(*std::move(candidate));
      }
      return candidates;
    });
  }

  absl::Status AppendEvent(double unix_seconds, const std::string& kind,
                           const std::string& detail) override {
    return Write("append an event to", [&] {
      SQLite::Statement append(database_,
                               "INSERT INTO events (unix_seconds, kind, detail) VALUES (?, ?, ?)");
      append.bind(1, unix_seconds);
      append.bind(2, kind);
      append.bind(3, detail);
      append.exec();
    });
  }

 private:
  template <typename Result, typename Work>
  Result Guard(const char* action, const Work& work) const {
    try {
      return work();
    } catch (const SQLite::Exception& error) {
      return DatabaseError(error, action, folder_);
    }
  }

  template <typename Work>
  absl::Status Write(const char* action, const Work& work) {
    if (!lock_) {
      return absl::FailedPreconditionError(
          fmt::format("cannot {} the run in {}: it was opened for reading", action, folder_));
    }
    return Guard<absl::Status>(action, [&] {
      work();
      return absl::OkStatus();
    });
  }

  const std::string folder_;
  std::optional<RunLock> lock_;  // none: opened for reading. Outlives the connection
  SQLite::Database database_;
};

absl::Status RequireRun(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(DatabasePath(folder), error)) return absl::OkStatus();
  return absl::NotFoundError(
      fmt::format("no run in {}: expected the file {}", folder, DatabasePath(folder)));
}

// For SQLite's URI of a path: every byte but letters, digits and "/-._~" as %XX.
std::string EscapedForUri(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 &&
        (std::isalnum(byte) != 0 || std::string_view("/-._~").find(c) != std::string_view::npos)) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", byte);
    }
  }
  return escaped;
}

absl::StatusOr<std::unique_ptr<RunStore>> OpenReadOnly(const std::string& folder,
                                                       const std::string& database, int flags) {
  try {
    auto store = std::make_unique<SqliteRunStore>(folder, database, std::nullopt, flags);
    const absl::Status usable = store->CheckSchema();
    if (!usable.ok()) return usable;
    return store;
  } catch (const SQLite::Exception& exception) {
    return DatabaseError(exception, "open", folder);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::Create(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return FileError(error.value(), "create the run folder", folder);
  absl::StatusOr<RunLock> lock = RunLock::Acquire(folder);
  if (!lock.ok()) return lock.status();
  try {
    auto store = std::make_unique<SqliteRunStore>(folder, DatabasePath(folder), *std::move(lock),
                                                  SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    const absl::Status begun = store->BeginRun();
    if (!begun.ok()) return begun;
    return store;
  } catch (const SQLite::Exception& exception) {
    return DatabaseError(exception, "create", folder);
  }
}

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::Open(const std::string& folder) {
  const absl::Status found = RequireRun(folder);
  if (!found.ok()) return found;
  absl::StatusOr<RunLock> lock = RunLock::Acquire(folder);
  if (!lock.ok()) return lock.status();
  try {
    auto store = std::make_unique<SqliteRunStore>(folder, DatabasePath(folder), *std::move(lock),
                                                  SQLite::OPEN_READWRITE);
    store->ConfigureForWriting();
    absl::Status usable = store->CheckIntegrity();
    usable.Update(store->CheckSchema());
    if (!usable.ok()) return usable;
    return store;
  } catch (const SQLite::Exception& exception) {
    return DatabaseError(exception, "open", folder);
  }
}

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::OpenForReading(const std::string& folder) {
  const absl::Status found = RequireRun(folder);
  if (!found.ok()) return found;
  const std::string path = DatabasePath(folder);
  absl::StatusOr<std::unique_ptr<RunStore>> store =
      OpenReadOnly(folder, path, SQLite::OPEN_READONLY);
  if (!absl::IsPermissionDenied(store.status())) return store;

  // Even to read, write-ahead logging makes a file of shared memory in the folder. Where this user
  // may not write, a run that nobody writes and whose log was taken into the database can be read
  // as a file that never changes.
  std::error_code error;
  const auto log_bytes = std::filesystem::file_size(path + "-wal", error);
  if (error ? error != std::errc::no_such_file_or_directory : log_bytes > 0) {
    return absl::PermissionDeniedError(
        fmt::format("{}; {}-wal holds what is not in the database yet, so reading this run needs "
                    "the permission to write to its folder",
                    std::string(store.status().message()), path));
  }
  const std::string absolute = std::filesystem::absolute(path, error).string();
  if (error) return FileError(error.value(), "find", path);
  return OpenReadOnly(folder, fmt::format("file://{}?immutable=1", EscapedForUri(absolute)),
                      SQLite::OPEN_READONLY | SQLite::OPEN_URI);
}

}  // namespace strata::search
