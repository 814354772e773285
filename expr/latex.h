// Expressions as LaTeX.
#ifndef STRATA_EXPR_LATEX_H_
#define STRATA_EXPR_LATEX_H_

#include <string>

#include "expr/expression.h"

namespace strata::expr {

// Returns the whole tree in LaTeX's maths mode, without the surrounding dollar signs. The text is
// built from the templates of the operator table, with their numbers put in. A child stands in
// parentheses only if the formula would mean something else without them. Needs amsmath and
// amssymb. In the formula, S is the target sparsity, mm is min-max scaling over the units and m-bar
// is the mean of m. `expression` must be valid.
std::string ToLatex(const Expression& expression);

}  // namespace strata::expr

#endif  // STRATA_EXPR_LATEX_H_
