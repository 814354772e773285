#include "evaluator/tokenizer/text_pattern.h"

#include "evaluator/text/oniguruma.h"
#include "expr/status_macros.h"

namespace strata::evaluator {

absl::StatusOr<PatternMatcher> PatternMatcher::Create(const TextPattern& pattern) {
  PatternMatcher matcher;
  if (!pattern.is_expression) {
    matcher.literal_ = pattern.text;
    return matcher;
  }
  STRATA_ASSIGN_OR_RETURN(const std::string expression, Pcre2Expression(pattern.text));
  STRATA_ASSIGN_OR_RETURN(Pattern compiled,
                          Pattern::Compile(expression, Pattern::Subject::kWellFormedUtf8));
  matcher.expression_ = std::move(compiled);
  return matcher;
}

}  // namespace strata::evaluator
