// Expressions in words, for people who read a formula for the first time.
#ifndef STRATA_EXPR_READING_H_
#define STRATA_EXPR_READING_H_

#include <string>
#include <string_view>

#include "expr/expression.h"

namespace strata::expr {

// Returns a sentence or two: "The higher the variance of the logarithm of the Wanda score, the less
// a block is pruned; the sparsities spread over 0.3 around the target." A minus in front of the
// formula is read as "less". `unit` is what has one sparsity, in the singular: "block", "linear
// layer". For an expression that is no allocation, the text says what it measures. `expression`
// must be valid.
std::string ReadingOf(const Expression& expression, std::string_view unit = "unit");

// Returns the noun phrase of an operator, with {} for each operand and <name> for each number. The
// phrase is empty for constants, and for operators that map numbers to sparsities, which are read
// as sentences.
std::string_view PhraseOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_READING_H_
