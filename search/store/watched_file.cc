#include "search/store/watched_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "evaluator/files/file_system.h"

namespace strata::search {

absl::StatusOr<WatchedFile> WatchedFile::Watch(const std::string& path) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error) return evaluator::FileStatus(error.value(), "find", path);
  // O_PATH, because closing an ordinary descriptor of a file drops the locks that SQLite has on it.
  const int descriptor = open(absolute.c_str(), O_PATH | O_CLOEXEC);
  if (descriptor < 0) return evaluator::FileStatus(errno, "open", absolute);
  return WatchedFile(std::move(absolute), descriptor);
}

absl::Status WatchedFile::Check() const {
  struct stat opened = {};
  struct stat found = {};
  if (fstat(descriptor_, &opened) != 0) return evaluator::FileStatus(errno, "look at", path_);
  const bool exists = stat(path_.c_str(), &found) == 0;
  if (!exists && errno != ENOENT && errno != ENOTDIR) {
    return evaluator::FileStatus(errno, "look at", path_);
  }
  if (exists && found.st_dev == opened.st_dev && found.st_ino == opened.st_ino) {
    return absl::OkStatus();
  }
  return absl::DataLossError(fmt::format("{}: expected the file that this process opened, found {}",
                                         path_, (exists ? "another file" : "nothing")) +
                             Whereabouts());
}

std::string WatchedFile::Whereabouts() const {
  struct stat opened = {};
  if (fstat(descriptor_, &opened) == 0 && opened.st_nlink == 0) return "; the file was removed";
  std::error_code error;
  const std::filesystem::path now =
      std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", descriptor_), error);
  if (error) return "; the file was moved";
  return fmt::format("; the file was moved to {}", now.string());
}

WatchedFile::WatchedFile(WatchedFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

WatchedFile& WatchedFile::operator=(WatchedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

WatchedFile::~WatchedFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace strata::search
