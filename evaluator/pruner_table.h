// The pruners, one row per pruner. A new pruner that ranks weights by a score is an enumerator in
// evaluator.h, a row here and a row in pruning/score_table.cc.
#ifndef STRATA_EVALUATOR_PRUNER_TABLE_H_
#define STRATA_EVALUATOR_PRUNER_TABLE_H_

#include <optional>
#include <span>
#include <string>

#include "evaluator/evaluator.h"
#include "pruning/score_table.h"

namespace strata::evaluator {

struct PrunerRow {
  Pruner pruner;
  const char* name;  // in configurations, on the wire and in reports
  // True if the pruner looks at what flows through the model, and so needs a text.
  bool needs_activations;
  // The score that ranks the weights. None: the pruner also changes the weights that it keeps, as
  // SparseGPT does, which solves for them.
  std::optional<pruning::ScoreKind> score;
};

// Returns all pruners in the order of the enumeration.
std::span<const PrunerRow> Pruners();

const PrunerRow& RowOf(Pruner pruner);

// Returns the names of all pruners for a help text: "magnitude | wanda | ria | sparsegpt". With
// `only_scores`, only those of the pruners that have a score.
std::string PrunerNames(bool only_scores = false);

// The score of a pruner that has one.
pruning::ScoreKind ScoreOf(Pruner pruner);

bool NeedsActivations(Pruner pruner);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNER_TABLE_H_
