#include "evaluator/pruner_table.h"

#include <array>

namespace strata::evaluator {
namespace {

using pruning::ScoreKind;

constexpr std::array kPruners = {
    PrunerRow{Pruner::kMagnitude, "magnitude", false, ScoreKind::kMagnitude},
    PrunerRow{Pruner::kWanda, "wanda", true, ScoreKind::kWanda},
    PrunerRow{Pruner::kRia, "ria", true, ScoreKind::kRia},
    PrunerRow{Pruner::kSparseGpt, "sparsegpt", true, std::nullopt},
};

}  // namespace

std::span<const PrunerRow> Pruners() { return kPruners; }

const PrunerRow& RowOf(Pruner pruner) { return kPruners[static_cast<size_t>(pruner)]; }

std::string PrunerNames(bool only_scores) {
  std::string names;
  for (const PrunerRow& row : kPruners) {
    if (only_scores && !row.score.has_value()) continue;
    names += names.empty() ? "" : " | ";
    names += row.name;
  }
  return names;
}

pruning::ScoreKind ScoreOf(Pruner pruner) { return RowOf(pruner).score.value(); }

bool NeedsActivations(Pruner pruner) { return RowOf(pruner).needs_activations; }

}  // namespace strata::evaluator
