// The argument that names a model, which most verbs have.
#ifndef STRATA_CLI_SHARED_MODEL_ARGUMENT_H_
#define STRATA_CLI_SHARED_MODEL_ARGUMENT_H_

#include <absl/status/statusor.h>

#include <string>

#include "evaluator/evaluator.h"

namespace strata::cli {

// Prints ModelSummary::notes on standard error, one on each line.
void SayNotes(const evaluator::ModelSummary& model);

// Summarises the model at a path and says its notes. Errors: those of evaluator::SummarizeModel.
absl::StatusOr<evaluator::ModelSummary> ReadModelArgument(const std::string& path);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_MODEL_ARGUMENT_H_
