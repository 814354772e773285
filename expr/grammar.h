// Typing rules of single nodes, private to expr/. Shared by Validate, the parser and the random
// trees.
#ifndef STRATA_EXPR_GRAMMAR_H_
#define STRATA_EXPR_GRAMMAR_H_

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "expr/expression.h"

namespace strata::expr {

std::string_view TypeName(ValueType type);

// Whether a value of this type may stand under the operator as its child number `child`.
bool Accepts(const Operator& row, size_t child, ValueType type);

// What is wrong with a node alone.
struct NodeFault {
  absl::Status status;  // OK if nothing is
  int argument = -1;    // the offending child, or number of children + the offending parameter
};

// Checks the root alone: arity, types of its direct children, number and range of its parameters.
// A wrong type is reported with the child's text and what would give the right one.
NodeFault FindFault(const Expression& node);

// The status of FindFault.
absl::Status CheckNode(const Expression& node);

// OK if `value` lies in the parameter's range and is one of its steps.
absl::Status CheckParameter(const Operator& row, const OperatorParameter& parameter, double value);

// "1 expression and 1 number (lambda)", "no arguments": what stands in the operator's parentheses.
std::string DescribeArguments(const Operator& row);

// Shortest decimal text that reads back as the same double.
std::string FormatNumber(double value);

}  // namespace strata::expr

#endif  // STRATA_EXPR_GRAMMAR_H_
