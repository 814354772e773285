#include "evaluator/files/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "evaluator/files/file_status.h"
#include "evaluator/files/folder.h"

namespace strata::evaluator {
absl::StatusOr<UnfinishedOutput> UnfinishedOutput::At(const std::string& wanted) {
  std::string path = wanted;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty()) return absl::InvalidArgumentError("the path of the output is empty");
  std::error_code error;
  const std::filesystem::file_status found = std::filesystem::symlink_status(path, error);
  if (std::filesystem::exists(found)) {
    return absl::AlreadyExistsError(
        fmt::format("{}: expected a path that does not exist yet, found a {}", path,
                    std::filesystem::is_directory(found) ? "folder" : "file"));
  }
  if (!std::filesystem::is_directory(FolderOf(path), error)) {
    return absl::NotFoundError(fmt::format(
        "{}: expected an existing folder to make it in, found none at {}", path, FolderOf(path)));
  }
  return UnfinishedOutput(path, fmt::format("{}.unfinished-{}", path, getpid()));
}

UnfinishedOutput::UnfinishedOutput(std::string final_path, std::string path)
    : final_path_(std::move(final_path)), path_(std::move(path)) {}

UnfinishedOutput::UnfinishedOutput(UnfinishedOutput&& other) noexcept
    : final_path_(other.final_path_), path_(std::exchange(other.path_, {})) {}

UnfinishedOutput::~UnfinishedOutput() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

absl::Status UnfinishedOutput::Commit() {
  if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, final_path_.c_str(), RENAME_NOREPLACE) != 0) {
    return FileStatus(errno, "give the finished output its name", final_path_);
  }
  path_.clear();
  return FlushFolder(FolderOf(final_path_));
}

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path, int64_t bytes) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0) return FileStatus(errno, "create", path);
  OutputFile file(path, descriptor, bytes);
  const int error = bytes == 0 ? 0 : posix_fallocate(descriptor, 0, bytes);
  if (error == 0) return file;
  const absl::StatusOr<int64_t> free = FreeBytes(FolderOf(path));
  const absl::Status failure = FileStatus(error, fmt::format("reserve {} bytes", bytes), path);
  return absl::Status(failure.code(), fmt::format("{}; {} are free", std::string(failure.message()),
                                                  free.ok() ? *free : 0));
}

OutputFile::OutputFile(std::string path, int descriptor, int64_t bytes)
    : path_(std::move(path)), descriptor_(descriptor), bytes_(bytes) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status OutputFile::Write(int64_t offset, std::span<const std::byte> bytes) {
  if (offset < 0 || offset > bytes_ || static_cast<int64_t>(bytes.size()) > bytes_ - offset) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} bytes at {} do not fit in {}", path_, bytes.size(), offset, bytes_));
  }
  while (!bytes.empty()) {
    const ssize_t count = pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FileStatus(errno, "write", path_);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += count;
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Finish() {
  const int flushed = fsync(descriptor_);
  const int flush_error = errno;
  const int closed = close(std::exchange(descriptor_, -1));
  if (flushed != 0) return FileStatus(flush_error, "flush to disk", path_);
  if (closed != 0) return FileStatus(errno, "close", path_);
  return absl::OkStatus();
}

absl::Status WriteNewFile(const std::string& path, std::string_view text) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(path, static_cast<int64_t>(text.size()));
  if (!file.ok()) return file.status();
  absl::Status status = file->Write(0, std::as_bytes(std::span(text.data(), text.size())));
  status.Update(file->Finish());
  return status;
}

}  // namespace strata::evaluator
