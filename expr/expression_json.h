// Expressions as JSON, as docs/function-json.md describes and docs/function.schema.json checks it.
#ifndef STRATA_EXPR_EXPRESSION_JSON_H_
#define STRATA_EXPR_EXPRESSION_JSON_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "expr/expression.h"

namespace strata::expr {

// Name and version of the layout. Keys may be added to it without a new version.
inline constexpr char kFunctionSchema[] = "strata.allocation-function/1";

// Larger texts and deeper nestings are refused before they are parsed.
inline constexpr size_t kMaximumJsonBytes = size_t{16} << 20;
inline constexpr int kMaximumJsonNesting = 512;

// The expression as nested {"operator", "parameters": {name: number}, "children": [...]}.
nlohmann::ordered_json ExpressionTreeJson(const Expression& expression);

// {"schema", "expression", "latex", "words", "complexity", "tree"} and, where the expression is
// such a chain, "dsa". `expression` is valid and of type Allocation.
nlohmann::ordered_json ExpressionJson(const Expression& expression);

// Reads what ExpressionJson wrote; other keys are ignored. `tree` and `expression` must be there
// and agree; `complexity` and `dsa` must agree with them if there. InvalidArgument says where
// ("$.tree .children[0].parameters.lambda"), what was expected and what was found.
absl::StatusOr<Expression> ExpressionFromJson(const nlohmann::json& json);

// The same from text, within the limits above.
absl::StatusOr<Expression> ExpressionFromJsonText(std::string_view text);

}  // namespace strata::expr

#endif  // STRATA_EXPR_EXPRESSION_JSON_H_
