// Expressions in words, for people who read the formula for the first time.
#ifndef STRATA_EXPR_READING_H_
#define STRATA_EXPR_READING_H_

#include <string>
#include <string_view>

#include "expr/expression.h"

namespace strata::expr {

// A sentence or two: "The higher the variance of the logarithm of the Wanda score, the less a block
// is pruned; the sparsities spread over 0.3 around the target." A minus in front of the formula is
// read as "less". `unit` is what one sparsity governs, in the singular: "block", "linear layer".
// Expressions that are no allocations are read as what they measure. `expression` is valid.
std::string ReadingOf(const Expression& expression, std::string_view unit = "unit");

// The noun phrase of an operator, with {} for each operand and <name> for each number; empty for
// those that map numbers to sparsities, which are read as sentences, and for constants.
std::string_view PhraseOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_READING_H_
