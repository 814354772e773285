// Evaluators of real models, each loaded when it is first asked for.
#ifndef STRATA_EVALUATOR_MODEL_EVALUATOR_SET_H_
#define STRATA_EVALUATOR_MODEL_EVALUATOR_SET_H_

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
  ModelEvaluatorOptions each;            // all but the paths
  std::string tasks_digest = {};         // of what each.open_tasks scores
};

// One model with one text is opened here. Of several, only their digests are computed here; a model
// is loaded when it is first asked for, then kept, once for all texts. InvalidArgument for two
// models or two texts that are the same; else errors of OpenModelEvaluator.
absl::StatusOr<std::unique_ptr<EvaluatorSet>> OpenModelEvaluatorSet(
    const ModelEvaluatorSetOptions& options);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_EVALUATOR_SET_H_
