// A failed system call on a file as a status.
#ifndef STRATA_EVALUATOR_FILE_STATUS_H_
#define STRATA_EVALUATOR_FILE_STATUS_H_

#include <absl/status/status.h>

#include <string>

namespace strata::evaluator {

// "PATH: cannot ACTION: REASON" of errno `error`: NotFound, AlreadyExists, PermissionDenied,
// ResourceExhausted where the disk, the quota or the largest size of a file is reached, else
// Unavailable.
absl::Status FileStatus(int error, const std::string& action, const std::string& path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FILE_STATUS_H_
