#include "evaluator/files/file_system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

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
    case EIO:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(message);
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::InvalidArgumentError(message);
    default:
      return absl::UnavailableError(message);
  }
}

std::string FolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

absl::Status FlushPath(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == EACCES) return absl::OkStatus();
  if (descriptor < 0) return FileStatus(errno, "open", path);
  const bool is_flushed = fsync(descriptor) == 0;
  const int error = errno;
  close(descriptor);
  // EINVAL: the file system cannot flush it.
  if (is_flushed || error == EINVAL) return absl::OkStatus();
  return FileStatus(error, "flush to disk", path);
}

absl::Status WriteAll(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileStatus(errno, "write", path);
    // A disk that fills up accepts what still fits and reports no error.
    if (count == 0) return FileStatus(ENOSPC, "write", path);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> FreeBytes(const std::string& wanted) {
  std::filesystem::path folder = wanted;
  std::error_code error;
  folder = std::filesystem::absolute(folder, error);
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error) return FileStatus(error.value(), "ask for the free space", folder);
  return static_cast<int64_t>(space.available);
}

absl::StatusOr<FileLock> FileLock::TryAcquire(const std::string& path) {
  // Closed on exec, or a child process would keep the lock after its parent's death.
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return FileStatus(errno, "open", path);
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return FileStatus(errno, "lock", path);
  return absl::AbortedError(
      fmt::format("{}: expected to be the only one to use it, found it locked by another", path));
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace strata::evaluator
