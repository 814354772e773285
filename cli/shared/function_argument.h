// The argument FUNCTION of verbs: a name of the library, an expression, a DSA string, or a file.
#ifndef STRATA_CLI_SHARED_FUNCTION_ARGUMENT_H_
#define STRATA_CLI_SHARED_FUNCTION_ARGUMENT_H_

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "expr/expression.h"
#include "expr/unit_layout.h"

namespace strata::cli {

struct FunctionArgument {
  expr::Expression expression;
  std::string name;    // "owl M=5 lambda=0.08"; for the other forms the expression's text
  std::string kind;    // "library", "expression", "dsa", "file"
  std::string source;  // the paper, or the file's path; empty for the others
};

// Adds the positional FUNCTION, one or more words ("owl M=7" needs no quotes).
CLI::Option* AddFunctionOption(CLI::App* subcommand, std::vector<std::string>* words);

// Reads `text` as the first of these forms that applies: an existing file as function JSON
// (docs/function-json.md); a text that starts with "W:" as a DSA string; a name of the library,
// with settings, for these units and this target; an expression. Errors: InvalidArgument names the
// forms that were tried and why each failed.
absl::StatusOr<FunctionArgument> ReadFunctionArgument(const std::string& text,
                                                      const expr::UnitLayout& layout,
                                                      double target_sparsity);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_FUNCTION_ARGUMENT_H_
