// Files that are either whole or not there.
#ifndef STRATA_CLI_WRITE_FILE_H_
#define STRATA_CLI_WRITE_FILE_H_

#include <absl/status/status.h>

#include <string>

namespace strata::cli {

// A symbolic link is followed; a device or pipe is written to as it is. Otherwise: writes beside
// `path` under a temporary name, flushes to disk, then renames. On an error `path` is as it was
// before and the message names the file and the reason of the operating system.
absl::Status WriteFileAtomically(const std::string& path, const std::string& content);

}  // namespace strata::cli

#endif  // STRATA_CLI_WRITE_FILE_H_
