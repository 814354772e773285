// Evaluators of real models, each loaded when it is first asked for.
#ifndef STRATA_EVALUATOR_MEASUREMENT_MODEL_EVALUATOR_SET_H_
#define STRATA_EVALUATOR_MEASUREMENT_MODEL_EVALUATOR_SET_H_

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "evaluator/evaluator_set.h"
#include "evaluator/measurement/model_evaluator.h"

namespace strata::evaluator {

struct ModelEvaluatorSetOptions {
  std::vector<std::string> model_paths;  // at least one
  std::vector<std::string> text_paths;   // at least one
  ModelEvaluatorOptions each;            // all options but the paths
  std::string tasks_digest = {};         // digest of the tasks that each.open_tasks scores
};

// Opens a set of evaluators. If there is one model with one text, this call loads it. If there are
// several, this call only computes their digests. A model is then loaded when it is first asked
// for, once for all texts, and kept. Errors: InvalidArgument if two models or two texts are the
// same; those of OpenModelEvaluator.
absl::StatusOr<std::unique_ptr<EvaluatorSet>> OpenModelEvaluatorSet(
    const ModelEvaluatorSetOptions& options);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MEASUREMENT_MODEL_EVALUATOR_SET_H_
