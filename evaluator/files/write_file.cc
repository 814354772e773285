#include "evaluator/files/write_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

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
  return true;
}

// A device or pipe cannot be replaced, only written to.
absl::Status WriteInPlace(const std::string& path, const std::string& content) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return Failure(path, "write");
  const bool written = WriteAll(file, content);
  absl::Status status = written ? absl::OkStatus() : Failure(path, "write");
  close(file);
  return status;
}

}  // namespace

absl::Status WriteFileAtomically(const std::string& wanted, const std::string& content) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(wanted, error);
  const std::string path = error ? wanted : target.string();
  const std::filesystem::file_status found = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(found)) {
    return absl::InvalidArgumentError(
        fmt::format("cannot write '{}': it is a folder, expected the name of a file", path));
  }
  if (std::filesystem::exists(found) && !std::filesystem::is_regular_file(found)) {
    return WriteInPlace(path, content);
  }
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Failure(path, "write");
  const bool written = WriteAll(file, content) && fsync(file) == 0;
  absl::Status status = written ? absl::OkStatus() : Failure(path, "write");
  close(file);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = Failure(path, "rename to");
  }
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

}  // namespace strata::cli
