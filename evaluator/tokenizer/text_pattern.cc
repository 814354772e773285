#include "evaluator/tokenizer/text_pattern.h"

#include "evaluator/text/oniguruma.h"

namespace strata::evaluator {

absl::StatusOr<PatternMatcher> PatternMatcher::Create(const TextPattern& pattern) {
  PatternMatcher matcher;
  if (!pattern.is_expression) {
    matcher.literal_ = pattern.text;
    return matcher;
  }
  const absl::StatusOr<std::string> expression = Pcre2Expression(pattern.text);
  if (!expression.ok()) return expression.status();
  absl::StatusOr<Pattern> compiled =
      Pattern::Compile(*expression, Pattern::Subject::kWellFormedUtf8);
  if (!compiled.ok()) return compiled.status();
  matcher.expression_ = *std::move(compiled);
  return matcher;
}

}  // namespace strata::evaluator
