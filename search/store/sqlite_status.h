// SQLite's and the file system's errors as statuses.
#ifndef STRATA_SEARCH_SQLITE_STATUS_H_
#define STRATA_SEARCH_SQLITE_STATUS_H_

#include <SQLiteCpp/Exception.h>
#include <absl/status/status.h>

#include <string>

namespace strata::search {

// What `action` ("write", "open", ...) on the run folder `folder` met: ResourceExhausted when the
// disk is full or its writes fail, DataLoss for a damaged database or one of other tables,
// Unavailable when another process kept it locked, PermissionDenied, else Internal. Every message
// names the folder.
absl::Status DatabaseError(const SQLite::Exception& error, const std::string& action,
                           const std::string& folder);

// The same for a failed system call, from its errno.
absl::Status FileError(int error_number, const std::string& action, const std::string& path);

}  // namespace strata::search

#endif  // STRATA_SEARCH_SQLITE_STATUS_H_
