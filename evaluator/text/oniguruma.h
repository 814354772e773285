// Regular expressions of tokenizer.json, which are Oniguruma's, in PCRE2's terms. Private to
// evaluator/.
#ifndef STRATA_EVALUATOR_EXPRESSION_H_
#define STRATA_EVALUATOR_EXPRESSION_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace strata::evaluator {

// The same expression for PCRE2 with PCRE2_UTF and PCRE2_UCP and lines that end with \n. What the
// two libraries read differently is written out: \s, \w, \h and their like, word boundaries, ^ and
// $, which are of lines, classes within classes. What is left (negated or intersected classes,
// bracket names, options other than i, back references, ...) is Unimplemented, with its place.
absl::StatusOr<std::string> Pcre2Expression(std::string_view oniguruma);

// One that matches `text` alone.
std::string QuotedExpression(std::string_view text);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_EXPRESSION_H_
