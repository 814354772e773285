// An allocation function as a typed tree. Values, not pointers: copying an Expression copies the
// tree, two Expressions never share nodes, and const access is thread-safe.
//
// Text form, read by ParseExpression and written by PrintExpression:
//   span(-var(abslog(WX)), 0.15)
//   span(depth + 0.5 * minmax(outliers(5)), 0.08)
// Function operators are written name(children..., parameters...); + - * / and unary minus are
// infix.
#ifndef STRATA_EXPR_EXPRESSION_H_
#define STRATA_EXPR_EXPRESSION_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "expr/operator_table.h"

namespace strata::expr {

// One operator applied to its children. `parameters` has exactly the operator's number of
// parameters (see Operator), `children` exactly its arity, each of the type the operator expects.
struct Expression {
  OperatorId op;
  std::vector<double> parameters;
  std::vector<Expression> children;

  friend bool operator==(const Expression&, const Expression&) = default;
};

// Larger trees are rejected by Validate and ParseExpression, so that recursion over a tree is safe.
inline constexpr int kMaximumNodes = 1000;
inline constexpr int kMaximumDepth = 64;

// Type of the value the root produces. An element-wise operator has its child's type.
ValueType TypeOf(const Expression& expression);

// Number of nodes in the tree; the complexity objective of the search.
int Complexity(const Expression& expression);

// Longest path from the root to a leaf, counted in nodes.
int Depth(const Expression& expression);

// Checks arity, types and parameter ranges of every node; the error names the offending subtree.
absl::Status Validate(const Expression& expression);

// Parses the text form, or DSA's chain form when `text` starts with "W:" (see dsa_string.h).
// Aliases of the operator table are accepted. Errors give the column, what was expected and what
// was found, and the nearest known name for an unknown operator.
absl::StatusOr<Expression> ParseExpression(std::string_view text);

// Shortest text that parses back to an equal tree: ParseExpression(PrintExpression(e)) == e.
std::string PrintExpression(const Expression& expression);

// Canonical form: the shortest of the equal expressions that the rules of rewrite.h lead to, with
// operands in a fixed order. Two expressions with equal canonical form give the same allocation,
// within 1e-12, on every feature table that agrees with the definitions of the features: those of
// equal tensors are equal (abs(WX) and WX), l1(WX) is mean(WX), var(W) is not negative. NaN,
// infinities, ties and numbers of any size are allowed. Works on expressions of any type;
// idempotent; never has more nodes. The canonical form may need fewer or simpler features than the
// expression. Takes about a microsecond for ten nodes.
Expression Canonicalize(const Expression& expression);

// Platform-independent hash of the canonical form.
uint64_t CanonicalHash(const Expression& expression);

}  // namespace strata::expr

#endif  // STRATA_EXPR_EXPRESSION_H_
