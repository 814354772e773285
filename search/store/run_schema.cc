#include "search/store/run_schema.h"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <iterator>

namespace strata::search {
namespace {

// Outcomes are BLOBs in the format of outcome_codec.h. For candidates and refined allocations, see
// candidate_rows.h.
constexpr char kSchema[] = R"sql(
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE outcomes (digest TEXT PRIMARY KEY, kind TEXT NOT NULL, payload BLOB NOT NULL);
CREATE INDEX failed_outcomes ON outcomes (digest) WHERE kind = 'failed';
CREATE TABLE candidates (
  id INTEGER PRIMARY KEY, text TEXT NOT NULL, complexity INTEGER NOT NULL,
  origin TEXT NOT NULL, name TEXT NOT NULL, parents TEXT NOT NULL, allocation BLOB NOT NULL,
  same_as INTEGER, failure TEXT NOT NULL, fitness_nll REAL, selection_nll REAL,
  report_nll REAL, achieved_sparsity REAL, on_front INTEGER NOT NULL, best_of_baseline INTEGER NOT NULL,
  forecast_nll REAL, forecast_deviation REAL, level_nll BLOB NOT NULL, stopped_early INTEGER NOT NULL,
  measures BLOB NOT NULL, scenarios BLOB NOT NULL DEFAULT x'');
CREATE TABLE refined (
  id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, allocation BLOB NOT NULL, failure TEXT NOT NULL,
  nll REAL, selection_nll REAL, report_nll REAL, achieved_sparsity REAL);
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, unix_seconds REAL NOT NULL, kind TEXT NOT NULL,
  detail TEXT NOT NULL);
)sql";

// The step from version kOldestVersion + i to the next. A step that has been released is never
// changed.
constexpr int kOldestVersion = 2;
constexpr const char* kMigrations[] = {
    // Adds an index to list failures without reading every outcome, results by scenario, and
    // refined allocations.
    "CREATE INDEX failed_outcomes ON outcomes (digest) WHERE kind = 'failed';"
    "ALTER TABLE candidates ADD COLUMN scenarios BLOB NOT NULL DEFAULT x'';"
    "CREATE TABLE refined (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, "
    "allocation BLOB NOT NULL, failure TEXT NOT NULL, nll REAL, selection_nll REAL, "
    "report_nll REAL, achieved_sparsity REAL);",
};
static_assert(kOldestVersion + static_cast<int>(std::size(kMigrations)) == kSchemaVersion);

void PutVersion(SQLite::Database* database) {
  SQLite::Statement put(*database, "INSERT OR REPLACE INTO properties VALUES (?, ?)");
  put.bind(1, kSchemaVersionProperty);
  put.bind(2, fmt::format("{}", kSchemaVersion));
  put.exec();
}

}  // namespace

bool HoldsSchema(const SQLite::Database& database) { return database.tableExists("properties"); }

void CreateSchema(SQLite::Database* database) {
  SQLite::Transaction transaction(*database);
  database->exec(kSchema);
  PutVersion(database);
  transaction.commit();
}

absl::StatusOr<int> ReadSchemaVersion(const SQLite::Database& database, const std::string& path) {
  if (!HoldsSchema(database)) {
    return absl::NotFoundError(
        fmt::format("no run in {}: {} is empty, as a search leaves it that was killed as it began",
                    std::filesystem::path(path).parent_path().string(), path));
  }
  SQLite::Statement find(database, "SELECT value FROM properties WHERE name = ?");
  find.bind(1, kSchemaVersionProperty);
  const std::string text = find.executeStep() ? find.getColumn(0).getString() : "none";
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && version >= kOldestVersion && version <= kSchemaVersion) return version;
  const std::string problem = fmt::format("{}: expected schema version {} to {}, found {}", path,
                                          kOldestVersion, kSchemaVersion, text);
  if (is_number && version > kSchemaVersion) {
    return absl::FailedPreconditionError(
        problem + ": a newer strata made or continued this run; read and resume it with that one");
  }
  return absl::FailedPreconditionError(
      problem + ": read and resume this run with the version of strata that made it");
}

void MigrateSchema(int version, SQLite::Database* database) {
  if (version == kSchemaVersion) return;
  SQLite::Transaction transaction(*database);
  for (int from = version; from < kSchemaVersion; ++from) {
    database->exec(kMigrations[from - kOldestVersion]);
  }
  PutVersion(database);
  transaction.commit();
}

}  // namespace strata::search
