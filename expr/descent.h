// The step of a slope descent, which the operator `descend` and the refinement share.
#ifndef STRATA_EXPR_DESCENT_H_
#define STRATA_EXPR_DESCENT_H_

#include <absl/status/statusor.h>

#include <optional>
#include <span>
#include <string>

#include "expr/allocation.h"
#include "expr/expression.h"
#include "expr/feature_table.h"

namespace strata::expr {

// Computes the change of every unit's sparsity in a step against `slopes`, which are the
// derivatives of the loss by the units' sparsities. The step goes against the slope per weight,
// less its mean, and is scaled so that its weighted mean length is 1. No unit goes more than three
// times as far as the units do on average. `weights` are the units' shares of all parameters. All
// spans have one value per unit; `step` may be `slopes`. The step is 0 if the slopes per weight are
// all equal.
void DescentStep(std::span<const double> slopes, std::span<const double> weights,
                 std::span<double> step);

// Returns the feature that descend(f, sparsity, length) needs besides those of f: slopes(f,
// sparsity). `descent` has the operator `descend` at its root.
Expression SlopesOf(const Expression& descent);

// Returns the parsed feature if `feature` is measured in the model that an allocation prunes:
// slopes(f, s). nullopt for every other feature.
std::optional<Expression> PrunedFeature(const std::string& feature);

// Returns the sparsities to which the model is pruned for slopes(f, s): those of f at the mean s,
// without bounds or groups of a run. Errors: those of EvaluateAllocation.
absl::StatusOr<Allocation> OperandAllocation(const Expression& slopes,
                                             const FeatureTable& features);

// Returns descend(f, sparsity, length) for an allocation f.
Expression Descend(Expression function, double sparsity, double length);

}  // namespace strata::expr

#endif  // STRATA_EXPR_DESCENT_H_
