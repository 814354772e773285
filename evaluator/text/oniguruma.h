// Translates the regular expressions of tokenizer.json, which have Oniguruma's syntax, for PCRE2.
#ifndef STRATA_EVALUATOR_TEXT_ONIGURUMA_H_
#define STRATA_EVALUATOR_TEXT_ONIGURUMA_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace strata::evaluator {

// Returns the same expression in PCRE2's syntax, for use with PCRE2_UTF, PCRE2_UCP and lines that
// end with \n. Constructs that the two libraries read differently are written out: \s, \w, \h and
// similar ones, word boundaries, ^ and $ (which match at every line), and classes within classes.
// Errors: Unimplemented, with the position, for the remaining differences (negated or intersected
// classes, bracket names, options other than i, back references, ...).
absl::StatusOr<std::string> Pcre2Expression(std::string_view oniguruma);

// Returns an expression that matches exactly `text`.
std::string QuotedExpression(std::string_view text);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TEXT_ONIGURUMA_H_
