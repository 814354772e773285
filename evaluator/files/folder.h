// The folder that a file lies in, or will.
#ifndef STRATA_EVALUATOR_FOLDER_H_
#define STRATA_EVALUATOR_FOLDER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

namespace strata::evaluator {

// "." for a bare name.
std::string FolderOf(const std::string& path);

// Flushes a folder's entries to disk: without that, a power failure could undo a renaming in it.
// Errors of FileStatus.
absl::Status FlushFolder(const std::string& folder);

// Bytes that a user may still write on the disk that holds `folder`, or will hold it.
absl::StatusOr<int64_t> FreeBytes(const std::string& folder);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FOLDER_H_
