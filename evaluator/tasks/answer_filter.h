// Finds the answer in a generated text and judges it, as the filters and the exact_match metric of
// lm-evaluation-harness do.
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
  // Errors: InvalidArgument for a regular expression that does not compile. The syntax is PCRE2's,
  // which includes Python's.
  static absl::StatusOr<CompiledFilter> Create(const AnswerFilter& filter);

  // Returns the answer in `text`, which must be well-formed UTF-8. A `group_select` beyond the
  // matches gives the fallback. Throws std::runtime_error if an expression takes too many steps,
  // see Pattern::Matcher.
  std::string Apply(std::string text) const;

 private:
  AnswerFilter filter_;
  std::vector<std::optional<evaluator::Pattern>> patterns_;  // one per step; nullopt unless kRegex
};

// Immutable.
class CompiledRules {
 public:
  static absl::StatusOr<CompiledRules> Create(const ExactMatchRules& rules);

  // True if `answer` equals `target` apart from what the rules ignore. Throws like
  // CompiledFilter::Apply.
  bool Matches(const std::string& answer, const std::string& target) const;

 private:
  std::string Compared(std::string text) const;

  ExactMatchRules rules_;
  std::vector<evaluator::Pattern> ignored_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ANSWER_FILTER_H_
