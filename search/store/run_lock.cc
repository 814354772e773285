#include "search/store/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "evaluator/files/file_system.h"

namespace strata::search {
namespace {

constexpr int kTries = 10;
constexpr std::chrono::milliseconds kPause(20);

// Returns the first line of the lock file, as far as it was written.
std::string ReadHolder(int descriptor) {
  char buffer[32];
  const ssize_t count = pread(descriptor, buffer, sizeof(buffer), 0);
  const std::string text(buffer, count > 0 ? static_cast<size_t>(count) : 0);
  const std::string line = text.substr(0, text.find('\n'));
  return line.empty() ? "unknown" : line;
}

}  // namespace

absl::StatusOr<RunLock> RunLock::Acquire(const std::string& folder) {
  const std::string path = folder + "/lock";
  // The descriptor is closed on exec. Otherwise the worker processes that a coordinator starts
  // would keep the run locked after its death.
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return evaluator::FileStatus(errno, "open", path);
  RunLock lock(descriptor);
  int tries = kTries;
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return evaluator::FileStatus(errno, "lock", path);
    if (--tries > 0) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    return absl::FailedPreconditionError(
        fmt::format("run folder {} is being written by process {}; expected no other search on it",
                    folder, ReadHolder(descriptor)));
  }
  const std::string holder = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor, 0) != 0) return evaluator::FileStatus(errno, "truncate", path);
  const ssize_t written = pwrite(descriptor, holder.data(), holder.size(), 0);
  if (written < 0) return evaluator::FileStatus(errno, "write", path);
  // A disk that fills up takes what still fits and reports no error.
  if (written != static_cast<ssize_t>(holder.size()))
    return evaluator::FileStatus(ENOSPC, "write", path);
  return lock;
}

absl::StatusOr<std::optional<std::string>> RunLock::Holder(const std::string& folder) {
  const std::string path = folder + "/lock";
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return std::optional<std::string>();
  if (descriptor < 0) return evaluator::FileStatus(errno, "open", path);
  const RunLock probe(descriptor);
  if (flock(descriptor, LOCK_SH | LOCK_NB) == 0) return std::optional<std::string>();
  if (errno != EWOULDBLOCK) return evaluator::FileStatus(errno, "lock", path);
  return std::optional<std::string>(ReadHolder(descriptor));
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace strata::search
