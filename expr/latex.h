// Expressions as LaTeX.
#ifndef STRATA_EXPR_LATEX_H_
#define STRATA_EXPR_LATEX_H_

#include <string>

#include "expr/expression.h"

namespace strata::expr {

// The whole tree in LaTeX's maths mode, without the surrounding dollar signs. Built from the
// operators' templates in the operator table with their numbers put in; a child stands in
// parentheses only where the formula would mean another one without. Needs amsmath and amssymb. In
// it S is the target sparsity, mm min-max scaling over the units, m-bar the mean of m.
// `expression` is valid.
std::string ToLatex(const Expression& expression);

}  // namespace strata::expr

#endif  // STRATA_EXPR_LATEX_H_
