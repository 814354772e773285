// The exported form of an allocation function, described in docs/function-json.md.
#ifndef STRATA_CLI_FUNCTION_JSON_H_
#define STRATA_CLI_FUNCTION_JSON_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/report/refinement_report.h"
#include "cli/shared/function_argument.h"
#include "evaluator/evaluator.h"
#include "expr/allocation.h"
#include "search/store/run_store.h"

namespace strata::cli {

// An allocation that a function gives the units of a model.
struct AppliedFunction {
  FunctionArgument function;
  evaluator::ModelSummary model;
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  expr::AllocationTarget target;
  expr::Allocation allocation;
};

// The function alone: expression, tree, LaTeX, words, name and origin.
nlohmann::ordered_json FunctionJson(const FunctionArgument& function);

// The same with the model and the allocation, by the name of every unit.
nlohmann::ordered_json FunctionJson(const AppliedFunction& applied);

// Function, allocation with the name of every unit, and how it was found and measured. `run_folder`
// holds the run the candidate comes from.
absl::StatusOr<nlohmann::ordered_json> FunctionJson(const search::StoredCandidate& candidate,
                                                    const std::string& run_folder);

// The best allocation of a run's refinement, which no expression gives; the same keys otherwise.
absl::StatusOr<nlohmann::ordered_json> RefinedJson(const RefinementReport& refinement,
                                                   const std::string& run_folder);

}  // namespace strata::cli

#endif  // STRATA_CLI_FUNCTION_JSON_H_
