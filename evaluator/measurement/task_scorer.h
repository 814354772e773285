// The interface between an evaluator of models and the tasks that a pruned model answers.
#ifndef STRATA_EVALUATOR_MEASUREMENT_TASK_SCORER_H_
#define STRATA_EVALUATOR_MEASUREMENT_TASK_SCORER_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_source.h"

namespace strata::evaluator {

// Scores tasks. May be used by one thread at a time.
class TaskScorer {
 public:
  virtual ~TaskScorer() = default;
  virtual const std::string& digest() const = 0;  // of the tasks, see Fidelity::tasks

  // Returns 1 minus the mean accuracy over the tasks. It is measured on the first
  // `fidelity.task_items` items of each task (0 = all) in the half that fidelity.split selects.
  // `blocks` must allow several passes over the blocks. Errors: DataLoss, which names the item, for
  // a likelihood that is not finite; Cancelled if `progress` stops the work.
  virtual absl::StatusOr<double> MeasureError(TransformerModel& model, BlockSource& blocks,
                                              const Fidelity& fidelity,
                                              const Progress& progress) = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MEASUREMENT_TASK_SCORER_H_
