#include "evaluator/files/file_status.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace strata::evaluator {

absl::Status FileStatus(int error, const std::string& action, const std::string& path) {
  const std::string message = fmt::format("{}: cannot {}: {}", path, action, std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EEXIST:
      return absl::AlreadyExistsError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

}  // namespace strata::evaluator
