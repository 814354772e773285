// Encodes the two halves of a task set as the tokens that a model reads.
#ifndef STRATA_EVALUATOR_TASKS_ZERO_SHOT_REQUESTS_H_
#define STRATA_EVALUATOR_TASKS_ZERO_SHOT_REQUESTS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/tasks/task.h"
#include "evaluator/tasks/token_requests.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::tasks {

struct EncodedTasks {
  std::vector<Task> tasks;                          // as TasksOfHalf returns them
  std::vector<std::vector<ItemRequests>> requests;  // by task, one per item
};

// Not thread-safe.
class ZeroShotRequests {
 public:
  // `set` comes from ReadZeroShotTasks. Errors: those of reading the model's tokenizer and context
  // length.
  static absl::StatusOr<std::unique_ptr<ZeroShotRequests>> Open(TaskSet set,
                                                                const std::string& model_path);

  const std::string& digest() const { return digest_; }  // TaskSetDigest
  const TaskSet& set() const { return set_; }

  // Returns a half, with at most `limit` items per task (0: all). It is encoded at the first call
  // and valid as long as this object. Errors: those of RequestEncoder::Encode.
  absl::StatusOr<const EncodedTasks*> Half(evaluator::Split half, int64_t limit);

 private:
  ZeroShotRequests(TaskSet set, std::unique_ptr<evaluator::Tokenizer> tokenizer,
                   int32_t prefix_token, int64_t maximum_tokens);

  const TaskSet set_;
  const std::string digest_;
  const std::unique_ptr<evaluator::Tokenizer> tokenizer_;
  const RequestEncoder encoder_;
  std::map<std::pair<evaluator::Split, int64_t>, EncodedTasks> halves_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ZERO_SHOT_REQUESTS_H_
