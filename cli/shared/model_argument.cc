#include "cli/shared/model_argument.h"

#include <fmt/format.h>

#include <cstdio>

#include "evaluator/checkpoint/model_summary.h"
#include "expr/status_macros.h"

namespace strata::cli {

void SayNotes(const evaluator::ModelSummary& model) {
  for (const std::string& note : model.notes) fmt::print(stderr, "{}\n", note);
}

absl::StatusOr<evaluator::ModelSummary> ReadModelArgument(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(auto model, evaluator::SummarizeModel(path));
  SayNotes(model);
  return model;
}

}  // namespace strata::cli
