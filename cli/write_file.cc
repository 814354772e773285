#include "cli/write_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace strata::cli {
namespace {

absl::Status Failure(const std::string& path, const char* action) {
  const int error = errno;
  const std::string message = fmt::format("cannot {} '{}': {}", action, path, std::strerror(error));
  return error == ENOSPC ? absl::ResourceExhaustedError(message) : absl::NotFoundError(message);
}

bool WriteAll(int file, const std::string& content) {
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t count = write(file, content.data() + written, content.size() - written);
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) written += static_cast<size_t>(count);
  }
  return fsync(file) == 0;
}

}  // namespace

absl::Status WriteFileAtomically(const std::string& path, const std::string& content) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Failure(path, "write");
  const bool written = WriteAll(file, content);
  absl::Status status = written ? absl::OkStatus() : Failure(path, "write");
  close(file);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = Failure(path, "rename to");
  }
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

}  // namespace strata::cli
