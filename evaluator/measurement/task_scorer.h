// The seam between an evaluator of models and the tasks that a pruned model answers.
#ifndef STRATA_EVALUATOR_TASK_SCORER_H_
#define STRATA_EVALUATOR_TASK_SCORER_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_pruner.h"

namespace strata::evaluator {

// Used by one thread at a time.
class TaskScorer {
 public:
  virtual ~TaskScorer() = default;
  virtual const std::string& digest() const = 0;  // of the tasks, see Fidelity::tasks

  // One less the mean accuracy over the tasks, on the first `fidelity.task_items` items of each in
  // the half that fidelity.split names. `blocks` must allow to be gone through more than once;
  // `sparsity` has one entry per block. DataLoss, naming the item, for a likelihood that is not
  // finite; Cancelled when `progress` says so.
  virtual absl::StatusOr<double> MeasureError(TransformerModel& model, BlockPruner& blocks,
                                              const std::vector<BlockSparsity>& sparsity,
                                              const Fidelity& fidelity,
                                              const Progress& progress) = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TASK_SCORER_H_
