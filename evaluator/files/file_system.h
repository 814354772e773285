// Failed system calls as statuses, and what the program asks of the file system.
//
// This folder is a library of its own, strata_files, without LibTorch. search/ links it, too, so
// that the errors of a run folder come from the same table.
#ifndef STRATA_EVALUATOR_FILES_FILE_SYSTEM_H_
#define STRATA_EVALUATOR_FILES_FILE_SYSTEM_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::evaluator {

// Returns the status "PATH: cannot ACTION: REASON" for errno `error`. This is the only table from
// errno to status:
// - NotFound: nothing is there, or a folder on the way is a file;
// - AlreadyExists: something is there already;
// - PermissionDenied: this user may not, or the file system is read-only;
// - ResourceExhausted: the disk, the quota, the largest size of a file, memory or the number of
//   open files is used up, or the disk fails;
// - InvalidArgument: the path is too long, runs in a circle of links, or is a folder where a file
//   was expected;
// - Unavailable: everything else.
absl::Status FileStatus(int error, const std::string& action, const std::string& path);

// Returns the folder that holds `path`: "." for a bare name.
std::string FolderOf(const std::string& path);

// Flushes a file or the entries of a folder to disk. Without the latter, a power failure could undo
// a renaming in the folder. A folder that may not be read, and one on a file system that cannot
// flush folders, is left to the system, which is no error. Otherwise: errors of FileStatus.
absl::Status FlushPath(const std::string& path);

// Writes all bytes at the current position of a file, device or pipe. Errors of FileStatus with
// `path`.
absl::Status WriteAll(int descriptor, std::string_view bytes, const std::string& path);

// Returns the number of bytes that a user may still write on the disk that holds `folder`, or that
// will hold it. Errors of FileStatus.
absl::StatusOr<int64_t> FreeBytes(const std::string& folder);

// An advisory lock (flock) on a file that is made for it and stays behind. The lock is held until
// the object is destroyed or the process ends, however it ends. Two objects of one process exclude
// each other, too.
class FileLock {
 public:
  // Errors: Aborted if another process or object holds the lock; errors of FileStatus if the file
  // cannot be made.
  static absl::StatusOr<FileLock> TryAcquire(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FILES_FILE_SYSTEM_H_
