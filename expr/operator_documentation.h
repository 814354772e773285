// The operator table as documentation.
#ifndef STRATA_EXPR_OPERATOR_DOCUMENTATION_H_
#define STRATA_EXPR_OPERATOR_DOCUMENTATION_H_

#include <string>

namespace strata::expr {

// Markdown tables of all operators, one table for each kind, as docs/expressions.md shows them.
std::string OperatorTableMarkdown();

// The same for a terminal: two lines for each operator, its meaning and then its numbers, DSA's
// name, domain rule and source.
std::string OperatorTableText();

}  // namespace strata::expr

#endif  // STRATA_EXPR_OPERATOR_DOCUMENTATION_H_
