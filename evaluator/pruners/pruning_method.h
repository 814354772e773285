// From the pruners that a request names to what pruning/ computes.
#ifndef STRATA_EVALUATOR_PRUNING_METHOD_H_
#define STRATA_EVALUATOR_PRUNING_METHOD_H_

#include "evaluator/evaluator.h"
#include "pruning/weight_ranks.h"

namespace strata::evaluator {

// The score by which a pruner ranks weights; not for SparseGPT, which has none of its own.
pruning::ScoreKind ScoreOf(Pruner pruner);

// Whether a pruner looks at what flows through the model, and so at a text.
bool NeedsActivations(Pruner pruner);

// Which weights its ranks compare.
pruning::Competition CompetitionOf(const PruningMethod& method);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNING_METHOD_H_
