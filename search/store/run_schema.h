// Tables of a run's database, and how those of older versions are brought up to date. Private to
// search/. All throw SQLite::Exception as SQLite does.
#ifndef STRATA_SEARCH_RUN_SCHEMA_H_
#define STRATA_SEARCH_RUN_SCHEMA_H_

#include <SQLiteCpp/Database.h>
#include <absl/status/statusor.h>

#include <string>

namespace strata::search {

inline constexpr int kSchemaVersion = 3;
inline constexpr char kSchemaVersionProperty[] = "schema_version";

bool HoldsSchema(const SQLite::Database& database);

// All or nothing, so that a run is complete as soon as it can be seen.
void CreateSchema(SQLite::Database* database);

// What the database says of itself. NotFound without a schema, as a search leaves a run that was
// killed as it began; FailedPrecondition, saying what to do, for a version that is newer than
// kSchemaVersion, older than any that is known, or no number. `path` is for messages.
absl::StatusOr<int> ReadSchemaVersion(const SQLite::Database& database, const std::string& path);

// From `version`, which ReadSchemaVersion gave, to kSchemaVersion, in one transaction.
void MigrateSchema(int version, SQLite::Database* database);

}  // namespace strata::search

#endif  // STRATA_SEARCH_RUN_SCHEMA_H_
