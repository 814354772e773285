#include "evaluator/tasks/token_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "evaluator/tasks/python_text.h"
#include "expr/status_macros.h"

namespace strata::tasks {

absl::StatusOr<int32_t> PrefixTokenOf(const evaluator::TokenizerDescription& description) {
  if (description.begin.has_value()) return *description.begin;
  if (description.end.has_value()) return *description.end;
  return absl::InvalidArgumentError(fmt::format(
      "{}: expected a begin or an end token, which stands before texts without context, found "
      "neither",
      description.source));
}

RequestEncoder::RequestEncoder(const evaluator::Tokenizer& tokenizer, int32_t prefix_token,
                               int64_t maximum_tokens)
    : tokenizer_(tokenizer),
      prefix_token_(prefix_token),
      prefix_text_(tokenizer.Decode({prefix_token})),
      maximum_tokens_(maximum_tokens) {}

std::vector<int32_t> RequestEncoder::EncodeWhole(std::string_view text) const {
  std::vector<int32_t> ids = tokenizer_.Encode(text);
  if (!prefix_text_.empty() && text.starts_with(prefix_text_)) return ids;
  if (tokenizer_.begin_token() >= 0) ids.insert(ids.begin(), tokenizer_.begin_token());
  if (tokenizer_.appends_end_token()) ids.push_back(tokenizer_.end_token());
  return ids;
}

absl::StatusOr<LikelihoodRequest> RequestEncoder::EncodePair(
    const std::string& context, const std::string& continuation) const {
  LikelihoodRequest request;
  if (context.empty()) {
    request.tokens = tokenizer_.Encode(continuation);
    if (request.tokens.empty() || request.tokens.front() != prefix_token_) {
      request.tokens.insert(request.tokens.begin(), prefix_token_);
    }
    request.scored = static_cast<int64_t>(request.tokens.size()) - 1;
  } else {
    const size_t kept = context.size() - TrailingWhiteSpaceBytes(context);
    // White space at the end of a context belongs to the tokens of the continuation.
    request.tokens = EncodeWhole(context + continuation);
    const std::vector<int32_t> before = EncodeWhole(std::string_view(context).substr(0, kept));
    if (before.empty()) {
      return absl::InvalidArgumentError("expected a context with tokens, found white space alone");
    }
    request.scored =
        static_cast<int64_t>(request.tokens.size()) - static_cast<int64_t>(before.size());
    // The tokens of the context alone are used, even if the whole text begins with other tokens.
    if (request.scored > 0) std::copy(before.begin(), before.end(), request.tokens.begin());
  }
  if (request.scored < 1) {
    return absl::InvalidArgumentError("expected a continuation with tokens of its own, found none");
  }
  return request;
}

absl::Status RequestEncoder::Fit(LikelihoodRequest request, ItemRequests* requests) const {
  if (request.scored > maximum_tokens_) {
    return absl::InvalidArgumentError(
        fmt::format("expected a continuation of at most {} tokens, the longest text of the model, "
                    "found {}",
                    maximum_tokens_, request.scored));
  }
  // The last token is only predicted, not read.
  const int64_t excess = static_cast<int64_t>(request.tokens.size()) - (maximum_tokens_ + 1);
  if (excess > 0) {
    request.tokens.erase(request.tokens.begin(), request.tokens.begin() + excess);
    requests->truncated_tokens += excess;
  }
  requests->likelihoods.push_back(std::move(request));
  return absl::OkStatus();
}

absl::Status RequestEncoder::AddPairs(const TaskItem& item, bool with_unconditional,
                                      ItemRequests* requests) const {
  const auto add = [&](const std::string& context, size_t choice) {
    absl::StatusOr<LikelihoodRequest> request = EncodePair(context, item.continuations[choice]);
    const absl::Status status =
        request.ok() ? Fit(*std::move(request), requests) : request.status();
    if (status.ok()) return status;
    return absl::Status(status.code(),
                        fmt::format("choice {}: {}", choice, std::string(status.message())));
  };
  for (size_t choice = 0; choice < item.continuations.size(); ++choice) {
    STRATA_RETURN_IF_ERROR(add(item.contexts[choice], choice));
  }
  if (!with_unconditional) return absl::OkStatus();
  for (size_t choice = 0; choice < item.continuations.size(); ++choice) {
    STRATA_RETURN_IF_ERROR(add("", choice));
  }
  return absl::OkStatus();
}

absl::Status RequestEncoder::AddWindows(const std::string& text, ItemRequests* requests) const {
  std::vector<int32_t> stream = EncodeWhole(text);
  stream.insert(stream.begin(), prefix_token_);
  const auto end = static_cast<int64_t>(stream.size());
  if (end < 2) return absl::InvalidArgumentError("expected a text with tokens, found none");
  // Every window predicts maximum_tokens tokens. The last one predicts the rest, and reads as many
  // tokens before it as fit.
  for (int64_t first = 1; first < end;) {
    const int64_t scored = std::min(maximum_tokens_, end - first);
    const int64_t begin = first == 1 ? 0 : first + scored - 1 - maximum_tokens_;
    requests->likelihoods.push_back(
        {{stream.begin() + begin, stream.begin() + first + scored}, scored});
    first += scored;
  }
  return absl::OkStatus();
}

absl::Status RequestEncoder::AddPrompt(const Task& task, const TaskItem& item,
                                       ItemRequests* requests) const {
  const int64_t room = maximum_tokens_ - task.maximum_tokens;
  if (room < 1) {
    return absl::InvalidArgumentError(
        fmt::format("expected generations shorter than {} tokens, the longest text of the model, "
                    "found a maximum of {}",
                    maximum_tokens_, task.maximum_tokens));
  }
  requests->prompt = EncodeWhole(item.contexts.front());
  if (requests->prompt.empty()) {
    return absl::InvalidArgumentError("expected a context with tokens, found none");
  }
  const int64_t excess = static_cast<int64_t>(requests->prompt.size()) - room;
  if (excess > 0) {
    requests->prompt.erase(requests->prompt.begin(), requests->prompt.begin() + excess);
    requests->truncated_tokens += excess;
  }
  return absl::OkStatus();
}

absl::StatusOr<ItemRequests> RequestEncoder::Encode(const Task& task, const TaskItem& item) const {
  ItemRequests requests;
  absl::Status status;
  switch (task.kind) {
    case TaskKind::kMultipleChoice:
    case TaskKind::kLogLikelihood: {
      const bool with_unconditional = std::find(task.metrics.begin(), task.metrics.end(),
                                                Metric::kAccMutualInfo) != task.metrics.end();
      status = AddPairs(item, with_unconditional, &requests);
      break;
    }
    case TaskKind::kRolling:
      status = AddWindows(item.continuations.front(), &requests);
      break;
    case TaskKind::kGeneration:
      status = AddPrompt(task, item, &requests);
      break;
  }
  if (!status.ok()) {
    return absl::Status(status.code(), fmt::format("task {}, item of line {}: {}", task.name,
                                                   item.line, std::string(status.message())));
  }
  return requests;
}

}  // namespace strata::tasks
