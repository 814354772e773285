// The coordinator's log.
#ifndef STRATA_CLI_RUN_SEARCH_LOG_H_
#define STRATA_CLI_RUN_SEARCH_LOG_H_

#include <absl/status/status.h>

#include <string>

namespace strata::cli {

// Appends all further log lines to the file at `path`. If `is_json`, each line is one JSON object
// with "time" (ISO 8601), "level", "logger" and "message". Errors: ResourceExhausted if the file
// cannot be opened. Lines that cannot be written later are lost, and LogFailure says why.
absl::Status LogToFile(const std::string& path, bool is_json);

// Returns why the first line that is lost could not be written; empty if none is. Thread-safe.
std::string LogFailure();

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_LOG_H_
