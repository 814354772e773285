// Applies an allocation function to a model, as the options of a verb ask.
#ifndef STRATA_CLI_APPLY_FUNCTION_H_
#define STRATA_CLI_APPLY_FUNCTION_H_

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/feature_sources.h"
#include "cli/report/function_json.h"
#include "evaluator/evaluator.h"
#include "expr/allocation.h"

namespace strata::cli {

struct AllocationOptions {
  const CLI::App* verb = nullptr;  // knows which options were given
  FeatureMeasurement measurement;  // includes the model
  expr::AllocationTarget target;
  std::string granularity = "block";
};

// Adds --model, --sparsity, --bytes-share, --minimum, --maximum, --group, --granularity and the
// options of AddMeasurementOptions. --sparsity and --bytes-share, of which one at most is allowed,
// set the target, or, if `sparsities` is not null, that list.
void AddAllocationOptions(CLI::App* subcommand, AllocationOptions* options,
                          std::vector<double>* sparsities = nullptr);

// Merges the recipe of a file with the options of AddAllocationOptions: target, bounds, group,
// granularity, calibration, and the text unless `needs_text` is false.
void TakeRecipe(RecipeMerge* merge, bool needs_text, AllocationOptions* options);

// Returns a function that reports which options of a verb the user gave. --sparsity counts as given
// if --bytes-share is. The verb must outlive the function.
std::function<bool(const std::string& option)> GivenOptions(const CLI::App* verb);

// Returns the granularity that the options name. Errors: InvalidArgument, which names the option,
// if there is no such granularity.
absl::StatusOr<evaluator::Granularity> GranularityOf(const AllocationOptions& options);

// Reads `function` as ReadFunctionArgument does and evaluates it on `model`. Features are measured
// only if the function needs any.
absl::StatusOr<AppliedFunction> ApplyFunction(const std::string& function,
                                              const evaluator::ModelSummary& model,
                                              const AllocationOptions& options);

// Does the same at each of several target sparsities. Features are measured once.
absl::StatusOr<std::vector<AppliedFunction>> ApplyFunctionAt(std::span<const double> sparsities,
                                                             const std::string& function,
                                                             const evaluator::ModelSummary& model,
                                                             const AllocationOptions& options);

}  // namespace strata::cli

#endif  // STRATA_CLI_APPLY_FUNCTION_H_
