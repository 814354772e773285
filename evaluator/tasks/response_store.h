// A file that keeps responses while they are measured, so that an interrupted measurement continues
// where it stopped and ends with the same bytes.
#ifndef STRATA_EVALUATOR_TASKS_RESPONSE_STORE_H_
#define STRATA_EVALUATOR_TASKS_RESPONSE_STORE_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "evaluator/files/file_system.h"
#include "evaluator/tasks/responses.h"

namespace strata::tasks {

// Stores one batch of responses per key. The key names everything that the responses depend on. The
// file holds JSON lines: {"schema": "strata.responses/1"}, then one {"key", "responses"} for each
// batch, appended and flushed to disk. A batch is stored as a whole or not at all. Not thread-safe.
class ResponseStore {
 public:
  // Opens the file, or creates it. A last line that an interrupted write left incomplete is cut
  // off. Errors: Aborted if another process has the file open; InvalidArgument for a file of
  // another kind; DataLoss, with the line, for a damaged one; those of FileStatus.
  static absl::StatusOr<std::unique_ptr<ResponseStore>> Open(const std::string& path);
  ~ResponseStore();
  ResponseStore(const ResponseStore&) = delete;
  ResponseStore& operator=(const ResponseStore&) = delete;

  // Returns the batch, or null if there is none. Valid while the store lives.
  const std::vector<ItemResponse>* Find(const std::string& key) const;

  absl::Status Append(const std::string& key, std::vector<ItemResponse> responses);

  int64_t batches() const { return static_cast<int64_t>(batches_.size()); }

 private:
  ResponseStore(std::string path, evaluator::FileLock lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  absl::Status Read();
  absl::Status WriteLine(const std::string& line);

  std::string path_;
  evaluator::FileLock lock_;
  int descriptor_ = -1;
  std::map<std::string, std::vector<ItemResponse>> batches_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_RESPONSE_STORE_H_
