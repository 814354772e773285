// Expressions as JSON. docs/function-json.md describes the layout and docs/function.schema.json
// checks it.
#ifndef STRATA_EXPR_EXPRESSION_JSON_H_
#define STRATA_EXPR_EXPRESSION_JSON_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "expr/expression.h"

namespace strata::expr {

// Name and version of the layout. Keys may be added to it without a new version.
inline constexpr char kFunctionSchema[] = "strata.allocation-function/1";

// Larger texts and deeper nesting are refused before parsing.
inline constexpr size_t kMaximumJsonBytes = size_t{16} << 20;
inline constexpr int kMaximumJsonNesting = 512;

// Returns the expression as nested objects
// {"operator", "parameters": {name: number}, "children": [...]}.
nlohmann::ordered_json ExpressionTreeJson(const Expression& expression);

// Returns {"schema", "expression", "latex", "words", "complexity", "tree"}, and "dsa" if the
// expression is a DSA chain. `expression` must be valid and of type Allocation.
nlohmann::ordered_json ExpressionJson(const Expression& expression);

// Reads what ExpressionJson wrote. Other keys are ignored. `tree` and `expression` are required and
// must agree. `complexity` and `dsa` must agree with them if present. Errors: InvalidArgument with
// the place ("$.tree.children[0].parameters.lambda"), what was expected and what was found.
absl::StatusOr<Expression> ExpressionFromJson(const nlohmann::json& json);

// Reads the same from a text, within the limits above.
absl::StatusOr<Expression> ExpressionFromJsonText(std::string_view text);

}  // namespace strata::expr

#endif  // STRATA_EXPR_EXPRESSION_JSON_H_
