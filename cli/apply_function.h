// From the options of a verb to the sparsities that a function gives a model.
#ifndef STRATA_CLI_APPLY_FUNCTION_H_
#define STRATA_CLI_APPLY_FUNCTION_H_

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <string>

#include "cli/feature_sources.h"
#include "cli/report/function_json.h"
#include "evaluator/evaluator.h"
#include "expr/allocation.h"

namespace strata::cli {

struct AllocationOptions {
  FeatureMeasurement measurement;  // with the model
  expr::AllocationTarget target;
  std::string granularity = "block";
};

// Adds --model, --sparsity (returned), --minimum, --maximum, --group, --granularity and those of
// AddMeasurementOptions.
CLI::Option* AddAllocationOptions(CLI::App* subcommand, AllocationOptions* options);

// The granularity by its name. InvalidArgument naming the option.
absl::StatusOr<evaluator::Granularity> GranularityOf(const AllocationOptions& options);

// `function` as ReadFunctionArgument takes it; features are measured where the function needs any.
absl::StatusOr<AppliedFunction> ApplyFunction(const std::string& function,
                                              const evaluator::ModelSummary& model,
                                              const AllocationOptions& options);

}  // namespace strata::cli

#endif  // STRATA_CLI_APPLY_FUNCTION_H_
