#include "evaluator/files/folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "evaluator/files/file_status.h"

namespace strata::evaluator {

std::string FolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

absl::Status FlushFolder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileStatus(errno, "open", folder);
  const bool flushed = fsync(descriptor) == 0;
  const int error = errno;
  close(descriptor);
  return flushed ? absl::OkStatus() : FileStatus(error, "flush to disk", folder);
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

}  // namespace strata::evaluator
