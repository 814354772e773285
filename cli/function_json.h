// The exported form of an allocation function, described in docs/function-json.md.
#ifndef STRATA_CLI_FUNCTION_JSON_H_
#define STRATA_CLI_FUNCTION_JSON_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "expr/expression.h"
#include "search/run_store.h"

namespace strata::cli {

// The expression as nested {"operator", "parameters", "children"}.
nlohmann::ordered_json ExpressionTreeJson(const expr::Expression& expression);

// Function, allocation with the name of every unit, and how it was found and measured. `run_folder`
// holds the run the candidate comes from.
absl::StatusOr<nlohmann::ordered_json> FunctionJson(const search::StoredCandidate& candidate,
                                                    const std::string& run_folder);

}  // namespace strata::cli

#endif  // STRATA_CLI_FUNCTION_JSON_H_
