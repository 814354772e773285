// Encodes the texts of a task's items as the tokens that a model reads, by the rules of
// lm-evaluation-harness 0.4 (its models/huggingface.py and api/model.py). The rules decide where a
// context ends, which token stands before an empty one, and what is cut off if it does not fit.
#ifndef STRATA_EVALUATOR_TASKS_TOKEN_REQUESTS_H_
#define STRATA_EVALUATOR_TASKS_TOKEN_REQUESTS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/tasks/task.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::tasks {

// A request for the log-likelihood of the last `scored` tokens, each given all tokens before it.
struct LikelihoodRequest {
  std::vector<int32_t> tokens;  // more than `scored`
  int64_t scored = 0;           // at least 1
};

// The requests of one item to a model.
struct ItemRequests {
  // Multiple choice: one per choice; for kAccMutualInfo, then one per choice without context.
  // Log-likelihood: one. Rolling: the windows of the text.
  std::vector<LikelihoodRequest> likelihoods;
  std::vector<int32_t> prompt;   // generation
  int64_t truncated_tokens = 0;  // cut off from the left of contexts, summed over requests
};

// Returns the token that stands before a text without context: the model's begin token, even if the
// tokenizer does not put it before texts, else its end token. Errors: InvalidArgument, naming the
// file, if there is neither.
absl::StatusOr<int32_t> PrefixTokenOf(const evaluator::TokenizerDescription& description);

// Immutable; `tokenizer` must outlive it.
class RequestEncoder {
 public:
  // `prefix_token` comes from PrefixTokenOf. `maximum_tokens`, at least 2, is the longest input
  // that the model reads.
  RequestEncoder(const evaluator::Tokenizer& tokenizer, int32_t prefix_token,
                 int64_t maximum_tokens);

  int64_t maximum_tokens() const { return maximum_tokens_; }

  // Returns the requests of an item. Errors: InvalidArgument, naming the task, the item's line and
  // the choice, for a continuation that has no tokens or more than fit, and for a generation that
  // leaves no room for its prompt.
  absl::StatusOr<ItemRequests> Encode(const Task& task, const TaskItem& item) const;

  // Returns the tokens of a text, with those that the tokenizer puts before and behind every text.
  // These are left out if the text begins with the written prefix token.
  std::vector<int32_t> EncodeWhole(std::string_view text) const;

 private:
  absl::StatusOr<LikelihoodRequest> EncodePair(const std::string& context,
                                               const std::string& continuation) const;
  absl::Status AddPairs(const TaskItem& item, bool with_unconditional,
                        ItemRequests* requests) const;
  absl::Status AddWindows(const std::string& text, ItemRequests* requests) const;
  absl::Status AddPrompt(const Task& task, const TaskItem& item, ItemRequests* requests) const;
  absl::Status Fit(LikelihoodRequest request, ItemRequests* requests) const;

  const evaluator::Tokenizer& tokenizer_;
  int32_t prefix_token_;
  std::string prefix_text_;
  int64_t maximum_tokens_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TOKEN_REQUESTS_H_
