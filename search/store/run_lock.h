// One writer per run folder, across processes.
#ifndef STRATA_SEARCH_RUN_LOCK_H_
#define STRATA_SEARCH_RUN_LOCK_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>

namespace strata::search {

// An advisory lock (flock) on FOLDER/lock, held until destroyed or until the process ends, however
// it ends. The file holds the holder's process id, for people; it stays behind, unlocked.
class RunLock {
 public:
  // FailedPrecondition naming the holder's process id; ResourceExhausted when the disk is full;
  // PermissionDenied.
  static absl::StatusOr<RunLock> Acquire(const std::string& folder);

  // The process id of who holds the lock; nothing if nobody does. Looking takes the lock, shared,
  // for a moment, so Acquire tries for a fifth of a second.
  static absl::StatusOr<std::optional<std::string>> Holder(const std::string& folder);

  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  ~RunLock();

 private:
  explicit RunLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_RUN_LOCK_H_
