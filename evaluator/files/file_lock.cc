#include "evaluator/files/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "evaluator/files/file_status.h"

namespace strata::evaluator {

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
