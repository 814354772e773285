// The tables of a run's database, and the migration of older versions. All functions throw
// SQLite::Exception as SQLite does.
#ifndef STRATA_SEARCH_STORE_RUN_SCHEMA_H_
#define STRATA_SEARCH_STORE_RUN_SCHEMA_H_

#include <SQLiteCpp/Database.h>
#include <absl/status/statusor.h>

#include <string>

namespace strata::search {

inline constexpr int kSchemaVersion = 3;
inline constexpr char kSchemaVersionProperty[] = "schema_version";

bool HoldsSchema(const SQLite::Database& database);

// Creates all tables or none, so that a run is complete as soon as it can be seen.
void CreateSchema(SQLite::Database* database);

// Returns the version that the database states. Errors: NotFound without a schema, as a search
// leaves a run that was killed as it began; FailedPrecondition, saying what to do, for a version
// that is newer than kSchemaVersion, older than any known one, or no number. `path` is for
// messages.
absl::StatusOr<int> ReadSchemaVersion(const SQLite::Database& database, const std::string& path);

// Migrates from `version`, which ReadSchemaVersion returned, to kSchemaVersion in one transaction.
void MigrateSchema(int version, SQLite::Database* database);

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORE_RUN_SCHEMA_H_
