// JSON form of an allocation function, as it is exported. docs/function-json.md describes it.
#ifndef STRATA_CLI_REPORT_FUNCTION_JSON_H_
#define STRATA_CLI_REPORT_FUNCTION_JSON_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/report/recipe.h"
#include "cli/report/refinement_report.h"
#include "cli/shared/function_argument.h"
#include "evaluator/evaluator.h"
#include "expr/allocation.h"
#include "search/store/run_store.h"

namespace strata::cli {

// A function applied to a model, with the resulting allocation.
struct AppliedFunction {
  FunctionArgument function;
  evaluator::ModelSummary model;
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  expr::AllocationTarget target;
  expr::Allocation allocation;
  Recipe recipe;  // of the file that holds the function; the fields above count where both say it
};

// Returns the function alone: expression, tree, LaTeX, words, name and origin.
nlohmann::ordered_json FunctionJson(const FunctionArgument& function);

// Returns the function with the model and the allocation, which names every unit.
nlohmann::ordered_json FunctionJson(const AppliedFunction& applied);

// Returns the function of a candidate, its allocation with the name of every unit, and how it was
// found and measured. `run_folder` holds the run that the candidate comes from.
absl::StatusOr<nlohmann::ordered_json> FunctionJson(const search::StoredCandidate& candidate,
                                                    const std::string& run_folder);

// Returns the best allocation of a run's refinement. No expression gives that allocation, so the
// keys of the expression are absent; the other keys are those of a candidate.
absl::StatusOr<nlohmann::ordered_json> RefinedJson(const RefinementReport& refinement,
                                                   const std::string& run_folder);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_FUNCTION_JSON_H_
