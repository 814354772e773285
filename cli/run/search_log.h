// The coordinator's log.
#ifndef STRATA_CLI_SEARCH_LOG_H_
#define STRATA_CLI_SEARCH_LOG_H_

#include <absl/status/status.h>

#include <string>

namespace strata::cli {

// From now on log lines go to the end of this file. `is_json`: each is one JSON object with "time"
// (ISO 8601), "level", "logger" and "message". ResourceExhausted if it cannot be opened.
absl::Status LogToFile(const std::string& path, bool is_json);

}  // namespace strata::cli

#endif  // STRATA_CLI_SEARCH_LOG_H_
