// Converts errors of SQLite to statuses. Failed system calls have evaluator::FileStatus.
#ifndef STRATA_SEARCH_STORE_SQLITE_STATUS_H_
#define STRATA_SEARCH_STORE_SQLITE_STATUS_H_

#include <SQLiteCpp/Exception.h>
#include <absl/status/status.h>

#include <string>

namespace strata::search {

// Returns the status for an error of `action` ("write", "open", ...) on the run folder `folder`:
// ResourceExhausted if the disk is full or its writes fail, DataLoss for a damaged database or one
// of other tables, Unavailable if another process kept it locked, PermissionDenied, else Internal.
// Every message names the folder.
absl::Status DatabaseError(const SQLite::Exception& error, const std::string& action,
                           const std::string& folder);

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORE_SQLITE_STATUS_H_
