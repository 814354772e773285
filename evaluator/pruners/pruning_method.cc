#include "evaluator/pruners/pruning_method.h"

namespace strata::evaluator {

pruning::ScoreKind ScoreOf(Pruner pruner) {
  switch (pruner) {
    case Pruner::kMagnitude:
      return pruning::ScoreKind::kMagnitude;
    case Pruner::kRia:
      return pruning::ScoreKind::kRia;
    default:
      return pruning::ScoreKind::kWanda;
  }
}

bool NeedsActivations(Pruner pruner) { return pruner != Pruner::kMagnitude; }

pruning::Competition CompetitionOf(const PruningMethod& method) {
  const pruning::SparsityPattern pattern{.group = method.group};
  return pruning::Competition::For(ScoreOf(method.pruner), pattern);
}

}  // namespace strata::evaluator
