// Notices that an open file is no longer the file of its path.
#ifndef STRATA_SEARCH_STORE_WATCHED_FILE_H_
#define STRATA_SEARCH_STORE_WATCHED_FILE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <utility>

namespace strata::search {

// A file that this process has open, and the path under which others look for it. Whoever writes
// to a file that was removed or moved sees no error, so this must be asked for. Holds the file
// without permission to read or write it, and without touching locks on it.
class WatchedFile {
 public:
  // Begins to watch the file that is at `path` now. Errors of evaluator::FileStatus.
  static absl::StatusOr<WatchedFile> Watch(const std::string& path);

  // Errors: DataLoss if nothing or another file (by device and inode) is at the path. The message
  // says which, and where the file is now if it was moved. Errors of evaluator::FileStatus if the
  // path cannot be looked at.
  absl::Status Check() const;

  WatchedFile(WatchedFile&& other) noexcept;
  WatchedFile& operator=(WatchedFile&& other) noexcept;
  WatchedFile(const WatchedFile&) = delete;
  WatchedFile& operator=(const WatchedFile&) = delete;
  ~WatchedFile();

 private:
  WatchedFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  // Says what became of the file that is no longer at the path.
  std::string Whereabouts() const;

  std::string path_;  // absolute
  int descriptor_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORE_WATCHED_FILE_H_
