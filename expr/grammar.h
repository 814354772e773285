// Typing rules of single nodes, shared by Validate, the parser and the random trees. Private to
// expr/.
#ifndef STRATA_EXPR_GRAMMAR_H_
#define STRATA_EXPR_GRAMMAR_H_

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "expr/expression.h"

namespace strata::expr {

std::string_view TypeName(ValueType type);

// True if a value of this type may stand under the operator as child number `child`.
bool Accepts(const Operator& row, size_t child, ValueType type);

// The fault of one node, without regard to the rest of the tree.
struct NodeFault {
  absl::Status status;  // OK if the node has no fault
  int argument = -1;    // the offending child, or number of children + the offending parameter
};

// Checks the root alone: its arity, the types of its direct children, and the number and range of
// its parameters. The error for a wrong type gives the text of the child and says what would have
// the right type.
NodeFault FindFault(const Expression& node);

// Returns the status of FindFault.
absl::Status CheckNode(const Expression& node);

// Returns OK if `value` lies in the parameter's range and is one of its steps.
absl::Status CheckParameter(const Operator& row, const OperatorParameter& parameter, double value);

// Describes what stands in the operator's parentheses: "1 expression and 1 number (lambda)", or "no
// arguments".
std::string DescribeArguments(const Operator& row);

// Returns the shortest decimal text that reads back as the same double.
std::string FormatNumber(double value);

}  // namespace strata::expr

#endif  // STRATA_EXPR_GRAMMAR_H_
