#include "evaluator/files/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "evaluator/files/file_system.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Returns a path beside `path` at which nothing exists. The process id alone is not enough: in
// containers, processes that follow each other have the same one.
std::string TemporaryPathFor(const std::string& path) {
  static std::atomic<int> next{0};
  std::error_code ignored;
  while (true) {
    std::string name = fmt::format("{}.unfinished-{}-{}", path, getpid(), next++);
    if (!std::filesystem::exists(std::filesystem::symlink_status(name, ignored))) return name;
  }
}

absl::Status WriteWhole(std::string_view content, OutputFile* file) {
  absl::Status status = file->Write(0, std::as_bytes(std::span(content.data(), content.size())));
  status.Update(file->Finish());
  return status;
}

absl::Status WriteInPlace(const std::string& path, std::string_view content) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return FileStatus(errno, "open", path);
  const absl::Status status = WriteAll(descriptor, content, path);
  close(descriptor);
  return status;
}

}  // namespace

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
  return UnfinishedOutput(path, RENAME_NOREPLACE);
}

UnfinishedOutput UnfinishedOutput::Over(const std::string& path) {
  return UnfinishedOutput(path, /*rename_flags=*/0);
}

UnfinishedOutput::UnfinishedOutput(std::string final_path, unsigned int rename_flags)
    : final_path_(std::move(final_path)),
      path_(TemporaryPathFor(final_path_)),
      rename_flags_(rename_flags) {}

UnfinishedOutput::UnfinishedOutput(UnfinishedOutput&& other) noexcept
    : final_path_(other.final_path_),
      path_(std::exchange(other.path_, {})),
      rename_flags_(other.rename_flags_) {}

UnfinishedOutput::~UnfinishedOutput() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

absl::Status UnfinishedOutput::Commit() {
  if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, final_path_.c_str(), rename_flags_) != 0) {
    return FileStatus(errno, "give the finished output its name", final_path_);
  }
  path_.clear();
  return FlushPath(FolderOf(final_path_));
}

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path, int64_t bytes) {
  return CreateAs(path, path, bytes, 0644);
}

absl::StatusOr<OutputFile> OutputFile::CreateAs(const std::string& path,
                                                const std::string& shown_path, int64_t bytes,
                                                mode_t mode) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) return FileStatus(errno, "create", shown_path);
  OutputFile file(shown_path, descriptor, bytes);
  const int error = bytes == 0 ? 0 : posix_fallocate(descriptor, 0, bytes);
  if (error == 0) return file;
  const absl::StatusOr<int64_t> free = FreeBytes(FolderOf(path));
  const absl::Status failure =
      FileStatus(error, fmt::format("reserve {} bytes", bytes), shown_path);
  return absl::Status(failure.code(), fmt::format("{}; {} are free", std::string(failure.message()),
                                                  free.ok() ? *free : 0));
}

OutputFile::OutputFile(std::string shown_path, int descriptor, int64_t bytes)
    : shown_path_(std::move(shown_path)), descriptor_(descriptor), bytes_(bytes) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : shown_path_(std::move(other.shown_path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status OutputFile::Write(int64_t offset, std::span<const std::byte> bytes) {
  if (offset < 0 || offset > bytes_ || static_cast<int64_t>(bytes.size()) > bytes_ - offset) {
    return absl::InvalidArgumentError(fmt::format("{}: {} bytes at {} do not fit in {}",
                                                  shown_path_, bytes.size(), offset, bytes_));
  }
  while (!bytes.empty()) {
    const ssize_t count = pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FileStatus(count < 0 ? errno : ENOSPC, "write", shown_path_);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += count;
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Finish() {
  const int flushed = fsync(descriptor_);
  const int flush_error = errno;
  const int closed = close(std::exchange(descriptor_, -1));
  if (flushed != 0) return FileStatus(flush_error, "flush to disk", shown_path_);
  if (closed != 0) return FileStatus(errno, "close", shown_path_);
  return absl::OkStatus();
}

absl::Status WriteNewFile(const std::string& path, std::string_view text) {
  STRATA_ASSIGN_OR_RETURN(OutputFile file,
                          OutputFile::Create(path, static_cast<int64_t>(text.size())));
  return WriteWhole(text, &file);
}

absl::Status WriteFileAtomically(const std::string& wanted, std::string_view content, mode_t mode) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(wanted, error);
  const std::string path = error ? wanted : target.string();
  const std::filesystem::file_status found = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(found)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected the name of a file, found a folder", path));
  }
  if (std::filesystem::exists(found) && !std::filesystem::is_regular_file(found)) {
    return WriteInPlace(path, content);
  }
  UnfinishedOutput output = UnfinishedOutput::Over(path);
  STRATA_ASSIGN_OR_RETURN(
      OutputFile file,
      OutputFile::CreateAs(output.path(), path, static_cast<int64_t>(content.size()), mode));
  STRATA_RETURN_IF_ERROR(WriteWhole(content, &file));
  return output.Commit();
}

}  // namespace strata::evaluator
