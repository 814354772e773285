// An allocation function as a typed tree. An Expression is a value: copying it copies the tree, and
// two Expressions never share nodes. Const access is thread-safe.
//
// The text form is read by ParseExpression and written by PrintExpression:
//   span(-var(abslog(WX)), 0.15)
//   span(depth + 0.5 * minmax(outliers(5)), 0.08)
// Function operators are written name(children..., parameters...). The operators + - * / are infix
// and the unary minus is a prefix.
#ifndef STRATA_EXPR_EXPRESSION_H_
#define STRATA_EXPR_EXPRESSION_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "expr/operator_table.h"

namespace strata::expr {

// One operator applied to its children. `parameters` holds exactly the parameters of the operator
// (see Operator). `children` holds as many children as its arity, each of the type that the
// operator expects.
struct Expression {
  OperatorId op;
  std::vector<double> parameters;
  std::vector<Expression> children;

  friend bool operator==(const Expression&, const Expression&) = default;
};

// Validate and ParseExpression reject larger trees, so that recursion over a tree is safe.
inline constexpr int kMaximumNodes = 1000;
inline constexpr int kMaximumDepth = 64;

// Type of the value that the root produces. An element-wise operator has the type of its child.
ValueType TypeOf(const Expression& expression);

// Number of nodes of the tree, which is the complexity objective of the search.
int Complexity(const Expression& expression);

// Longest path from the root to a leaf, counted in nodes.
int Depth(const Expression& expression);

// Checks arity, types and parameter ranges of every node. The error names the offending subtree.
absl::Status Validate(const Expression& expression);

// Parses the text form, or DSA's chain form if `text` starts with "W:" (see dsa_string.h). Aliases
// of the operator table are accepted. Errors give the column, what was expected and what was found.
// For an unknown operator they also give the nearest known name.
absl::StatusOr<Expression> ParseExpression(std::string_view text);

// Returns the shortest text that parses back to an equal tree:
// ParseExpression(PrintExpression(e)) == e.
std::string PrintExpression(const Expression& expression);

// Returns the canonical form: the shortest of the equal expressions that the rules of rewrite.h
// lead to, with operands in a fixed order. Two expressions with equal canonical forms give the same
// allocation within 1e-12 on every feature table that agrees with the definitions of the features.
// In such a table, features of equal tensors are equal (abs(WX) and WX), l1(WX) is mean(WX), and
// var(W) is not negative. NaN, infinities, ties and numbers of any size are allowed.
//
// Works on expressions of any type. Is idempotent and never adds nodes. The canonical form may need
// fewer or simpler features than the expression. Takes about a microsecond for ten nodes.
Expression Canonicalize(const Expression& expression);

// Returns the form in which an expression is shown to people and its nodes are counted: the
// canonical form. The expression itself if that is deeper than both it and `maximum_depth`: nested
// min and max become one chain.
Expression Simplified(const Expression& expression, int maximum_depth = kMaximumDepth);

// Returns a hash of the canonical form that is the same on every platform.
uint64_t CanonicalHash(const Expression& expression);

}  // namespace strata::expr

#endif  // STRATA_EXPR_EXPRESSION_H_
