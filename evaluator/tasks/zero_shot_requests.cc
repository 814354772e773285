#include "evaluator/tasks/zero_shot_requests.h"

#include "evaluator/tasks/context_length.h"
#include "evaluator/tasks/zero_shot_tasks.h"
#include "evaluator/tokenizer/tokenizer_description.h"
#include "expr/status_macros.h"

namespace strata::tasks {

ZeroShotRequests::ZeroShotRequests(TaskSet set, std::unique_ptr<evaluator::Tokenizer> tokenizer,
                                   int32_t prefix_token, int64_t maximum_tokens)
    : set_(std::move(set)),
      digest_(TaskSetDigest(set_)),
      tokenizer_(std::move(tokenizer)),
      encoder_(*tokenizer_, prefix_token, maximum_tokens) {}

absl::StatusOr<std::unique_ptr<ZeroShotRequests>> ZeroShotRequests::Open(
    TaskSet set, const std::string& model_path) {
  STRATA_ASSIGN_OR_RETURN(auto description, evaluator::ReadTokenizerDescription(model_path));
  STRATA_ASSIGN_OR_RETURN(const auto prefix, PrefixTokenOf(description));
  STRATA_ASSIGN_OR_RETURN(const auto maximum_tokens, ReadableTokens(model_path, 0));
  STRATA_ASSIGN_OR_RETURN(auto tokenizer, evaluator::MakeTokenizer(std::move(description)));
  return std::unique_ptr<ZeroShotRequests>(
      new ZeroShotRequests(std::move(set), std::move(tokenizer), prefix, maximum_tokens));
}

absl::StatusOr<const EncodedTasks*> ZeroShotRequests::Half(evaluator::Split half, int64_t limit) {
  const auto known = halves_.find({half, limit});
  if (known != halves_.end()) return &known->second;
  EncodedTasks encoded;
  encoded.tasks = TasksOfHalf(set_, half, limit);
  for (const Task& task : encoded.tasks) {
    std::vector<ItemRequests>& requests = encoded.requests.emplace_back();
    for (const TaskItem& item : task.items) {
      STRATA_ASSIGN_OR_RETURN(auto of_item, encoder_.Encode(task, item));
      requests.push_back(std::move(of_item));
    }
  }
  return &halves_.emplace(std::pair(half, limit), std::move(encoded)).first->second;
}

}  // namespace strata::tasks
