#include "search/store/sqlite_status.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace strata::search {

absl::Status DatabaseError(const SQLite::Exception& error, const std::string& action,
                           const std::string& folder) {
  const int extended = error.getExtendedErrorCode();
  const std::string message =
      fmt::format("cannot {} the run in {}: {} (SQLite code {})", action, folder, error.what(),
                  extended > 0 ? extended : error.getErrorCode());
  // The low byte of an extended code is the primary one.
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return absl::ResourceExhaustedError(message + "; is the disk full, read-only or failing?");
    // All statements are fixed, so a statement that does not fit the tables (a missing column)
    // means that the tables are wrong.
    case SQLITE_ERROR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_FORMAT:
      return absl::DataLossError(message + "; expected an intact strata.sqlite");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(message);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace strata::search
