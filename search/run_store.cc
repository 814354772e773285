#include "search/run_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "search/outcome_codec.h"
#include "search/run_lock.h"
#include "search/sqlite_status.h"

namespace strata::search {
namespace {

constexpr char kSchemaVersion[] = "1";
constexpr int kBusyTimeoutMilliseconds = 5000;

// Vectors of doubles and outcomes are BLOBs in the format of outcome_codec.h; parents are ids
// joined by commas.
constexpr char kSchema[] = R"sql(
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE outcomes (digest TEXT PRIMARY KEY, kind TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE candidates (
  id INTEGER PRIMARY KEY, text TEXT NOT NULL, complexity INTEGER NOT NULL,
  origin TEXT NOT NULL, name TEXT NOT NULL, parents TEXT NOT NULL, allocation BLOB NOT NULL,
  same_as INTEGER, failure TEXT NOT NULL, fitness_nll REAL, selection_nll REAL,
  report_nll REAL, achieved_sparsity REAL, on_front INTEGER NOT NULL, best_of_baseline INTEGER NOT NULL);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, unix_seconds REAL NOT NULL, kind TEXT NOT NULL,
  detail TEXT NOT NULL);
)sql";

std::string DatabasePath(const std::string& folder) { return folder + "/strata.sqlite"; }

absl::StatusOr<std::vector<int64_t>> ParseParents(const std::string& text) {
  std::vector<int64_t> parents;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    int64_t id = 0;
    const auto [next, error] = std::from_chars(at, end, id);
    if (error != std::errc() || (next != end && *next != ',')) {
      return absl::DataLossError(
          fmt::format("expected candidate ids joined by commas, found \"{}\"", text));
    }
    parents.push_back(id);
    at = next == end ? end : next + 1;
  }
  return parents;
}

void BindOptional(SQLite::Statement* statement, int index, const std::optional<double>& value) {
  if (value) {
    statement->bind(index, *value);
  } else {
    statement->bind(index);
  }
}

void BindBytes(SQLite::Statement* statement, int index, const std::string& bytes) {
  statement->bind(index, static_cast<const void*>(bytes.data()), static_cast<int>(bytes.size()));
}

std::optional<double> OptionalDouble(const SQLite::Column& column) {
  if (column.isNull()) return std::nullopt;
  return column.getDouble();
}

class SqliteRunStore final : public RunStore {
 public:
  SqliteRunStore(std::string folder, std::optional<RunLock> lock, int flags)
      : folder_(std::move(folder)),
        lock_(std::move(lock)),
        database_(DatabasePath(folder_), flags, kBusyTimeoutMilliseconds) {}

  // Write-ahead logging lets readers read while the search writes. synchronous=NORMAL: a killed
  // process loses nothing; a power loss may undo the last commits, never damage the file, and a
  // resumed search measures what was undone again.
  void ConfigureForWriting() {
    database_.exec("PRAGMA journal_mode=WAL");
    database_.exec("PRAGMA synchronous=NORMAL");
  }

  bool HoldsRun() const { return database_.tableExists("properties"); }

  // All or nothing, so that a run is complete as soon as it can be seen.
  void CreateSchema() {
    SQLite::Transaction transaction(database_);
    database_.exec(kSchema);
    SQLite::Statement insert(database_, "INSERT INTO properties VALUES ('schema_version', ?)");
    insert.bind(1, kSchemaVersion);
    insert.exec();
    transaction.commit();
  }

  absl::Status CheckSchema() const {
    const absl::StatusOr<bool> holds_run =
        Guard<absl::StatusOr<bool>>("open", [&] { return HoldsRun(); });
    if (!holds_run.ok()) return holds_run.status();
    if (!*holds_run) {
      return absl::NotFoundError(fmt::format(
          "no run in {}: {} is empty, as a search leaves it that was killed as it began", folder_,
          DatabasePath(folder_)));
    }
    absl::StatusOr<std::optional<std::string>> version = Property("schema_version");
    if (!version.ok()) return version.status();
    if (*version == kSchemaVersion) return absl::OkStatus();
    return absl::FailedPreconditionError(fmt::format("{}: expected schema version {}, found {}",
                                                     DatabasePath(folder_), kSchemaVersion,
                                                     version->value_or("none")));
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
      BindBytes(&put, 3, EncodeOutcome(outcome));
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
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
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
          "fitness_nll, selection_nll, report_nll, achieved_sparsity, on_front, best_of_baseline "
          "FROM candidates ORDER BY id");
      while (select.executeStep()) {
        absl::StatusOr<StoredCandidate> candidate = ReadCandidate(&select);
        if (!candidate.ok()) return candidate.status();
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

  static void BindCandidate(const StoredCandidate& candidate, SQLite::Statement* put) {
    put->bind(1, candidate.id);
    put->bind(2, candidate.text);
    put->bind(3, candidate.complexity);
    put->bind(4, candidate.lineage.origin);
    put->bind(5, candidate.lineage.name);
    put->bind(6, fmt::format("{}", fmt::join(candidate.lineage.parents, ",")));
    BindBytes(put, 7, EncodeDoubles(candidate.allocation));
    if (candidate.same_as) {
      put->bind(8, *candidate.same_as);
    } else {
      put->bind(8);
    }
    put->bind(9, candidate.failure);
    BindOptional(put, 10, candidate.fitness_nll);
    BindOptional(put, 11, candidate.selection_nll);
    BindOptional(put, 12, candidate.report_nll);
    BindOptional(put, 13, candidate.achieved_sparsity);
    put->bind(14, candidate.on_front ? 1 : 0);
    put->bind(15, candidate.best_of_baseline ? 1 : 0);
  }

  absl::StatusOr<StoredCandidate> ReadCandidate(SQLite::Statement* row) const {
    StoredCandidate candidate;
    candidate.id = row->getColumn(0).getInt64();
    candidate.text = row->getColumn(1).getString();
    candidate.complexity = row->getColumn(2).getInt();
    candidate.lineage.origin = row->getColumn(3).getString();
    candidate.lineage.name = row->getColumn(4).getString();
    absl::StatusOr<std::vector<int64_t>> parents = ParseParents(row->getColumn(5).getString());
    absl::StatusOr<std::vector<double>> allocation = DecodeDoubles(row->getColumn(6).getString());
    for (const absl::Status& status : {parents.status(), allocation.status()}) {
      if (status.ok()) continue;
      return absl::DataLossError(fmt::format("{}: candidate {}: {}", DatabasePath(folder_),
                                             candidate.id, std::string(status.message())));
    }
    candidate.lineage.parents = *std::move(parents);
    candidate.allocation = *std::move(allocation);
    if (!row->getColumn(7).isNull()) candidate.same_as = row->getColumn(7).getInt64();
    candidate.failure = row->getColumn(8).getString();
    candidate.fitness_nll = OptionalDouble(row->getColumn(9));
    candidate.selection_nll = OptionalDouble(row->getColumn(10));
    candidate.report_nll = OptionalDouble(row->getColumn(11));
    candidate.achieved_sparsity = OptionalDouble(row->getColumn(12));
    candidate.on_front = row->getColumn(13).getInt() != 0;
    candidate.best_of_baseline = row->getColumn(14).getInt() != 0;
    return candidate;
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

}  // namespace

absl::StatusOr<std::unique_ptr<RunStore>> RunStore::Create(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return FileError(error.value(), "create the run folder", folder);
  absl::StatusOr<RunLock> lock = RunLock::Acquire(folder);
  if (!lock.ok()) return lock.status();
  try {
    auto store = std::make_unique<SqliteRunStore>(folder, *std::move(lock),
                                                  SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    if (store->HoldsRun()) {
      return absl::AlreadyExistsError(fmt::format(
          "{} holds a run already; expected a folder without {}", folder, "strata.sqlite"));
    }
    store->ConfigureForWriting();
    store->CreateSchema();
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
    auto store = std::make_unique<SqliteRunStore>(folder, *std::move(lock), SQLite::OPEN_READWRITE);
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
  try {
    auto store = std::make_unique<SqliteRunStore>(folder, std::nullopt, SQLite::OPEN_READONLY);
    const absl::Status usable = store->CheckSchema();
    if (!usable.ok()) return usable;
    return store;
  } catch (const SQLite::Exception& exception) {
    return DatabaseError(exception, "open", folder);
  }
}

}  // namespace strata::search
