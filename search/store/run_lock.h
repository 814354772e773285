// A lock that allows one writer per run folder, across processes.
#ifndef STRATA_SEARCH_STORE_RUN_LOCK_H_
#define STRATA_SEARCH_STORE_RUN_LOCK_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>

namespace strata::search {

// An advisory lock (flock) on FOLDER/lock. It is held until it is destroyed or the process ends,
// however it ends. The file contains the process id of the holder, for people. The file stays
// behind, unlocked.
class RunLock {
 public:
  // Errors: FailedPrecondition names the process id of the holder; ResourceExhausted if the disk is
  // full; PermissionDenied.
  static absl::StatusOr<RunLock> Acquire(const std::string& folder);

  // Returns the process id of the holder; nullopt if nobody holds the lock. This takes a shared
  // lock for a moment, so Acquire tries for a fifth of a second.
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

#endif  // STRATA_SEARCH_STORE_RUN_LOCK_H_
