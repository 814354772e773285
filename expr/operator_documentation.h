// The operator table as documentation.
#ifndef STRATA_EXPR_OPERATOR_DOCUMENTATION_H_
#define STRATA_EXPR_OPERATOR_DOCUMENTATION_H_

#include <string>

namespace strata::expr {

// Returns Markdown tables of all operators, one for each kind, as docs/expressions.md shows them.
std::string OperatorTableMarkdown();

// Returns the same for a terminal, with two lines per operator. The first line is its meaning. The
// second line holds its numbers, DSA's name, the domain rule and the source.
std::string OperatorTableText();

}  // namespace strata::expr

#endif  // STRATA_EXPR_OPERATOR_DOCUMENTATION_H_
