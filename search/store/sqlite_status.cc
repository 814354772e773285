#include "search/store/sqlite_status.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <system_error>

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
    // All statements are fixed, so one that does not fit the tables (a missing column) tells of the
    // tables.
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

absl::Status FileError(int error_number, const std::string& action, const std::string& path) {
  const std::string message =
      fmt::format("cannot {} {}: {}", action, path, std::generic_category().message(error_number));
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EIO:
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOENT:
      return absl::NotFoundError(message);
    case ENOTDIR:
    case EEXIST:
    case ENAMETOOLONG:
      return absl::InvalidArgumentError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace strata::search
