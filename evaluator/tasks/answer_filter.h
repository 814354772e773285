// From a generated text to the answer in it, and whether that is the right one, as the filters and
// the exact_match metric of lm-evaluation-harness do it.
#ifndef STRATA_EVALUATOR_TASKS_ANSWER_FILTER_H_
#define STRATA_EVALUATOR_TASKS_ANSWER_FILTER_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "evaluator/tasks/task.h"
#include "evaluator/text/regex.h"

namespace strata::tasks {

// Immutable.
class CompiledFilter {
 public:
  // InvalidArgument for a regular expression that does not compile (PCRE2's syntax, which has
  // Python's).
  static absl::StatusOr<CompiledFilter> Create(const AnswerFilter& filter);

  // `text` is well-formed UTF-8. Throws std::runtime_error where an expression explodes, see
  // Pattern::Matcher. `group_select` beyond the matches gives the fallback.
  std::string Apply(std::string text) const;

 private:
  AnswerFilter filter_;
  std::vector<std::optional<evaluator::Pattern>> patterns_;  // of each step
};

// Immutable.
class CompiledRules {
 public:
  static absl::StatusOr<CompiledRules> Create(const ExactMatchRules& rules);

  // Whether `answer` is `target` but for what the rules ignore. Throws as CompiledFilter.
  bool Matches(const std::string& answer, const std::string& target) const;

 private:
  std::string Compared(std::string text) const;

  ExactMatchRules rules_;
  std::vector<evaluator::Pattern> ignored_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ANSWER_FILTER_H_
