// One holder at a time, across processes.
#ifndef STRATA_EVALUATOR_FILE_LOCK_H_
#define STRATA_EVALUATOR_FILE_LOCK_H_

#include <absl/status/statusor.h>

#include <string>

namespace strata::evaluator {

// An advisory lock (flock) on a file that is made for it and stays behind, held until the object is
// destroyed or the process ends, however it ends. Two objects of one process exclude each other
// too.
class FileLock {
 public:
  // Aborted if another holds it; errors of FileStatus if the file cannot be made.
  static absl::StatusOr<FileLock> TryAcquire(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FILE_LOCK_H_
