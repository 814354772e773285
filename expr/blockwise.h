// blockwise(x): what an expression is where whole blocks are the units, in layouts of finer units.
// So a function of linears can contain one of blocks unchanged, with its statistics of all matrices
// of a block together, its ranks and means over blocks.
#ifndef STRATA_EXPR_BLOCKWISE_H_
#define STRATA_EXPR_BLOCKWISE_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expression.h"
#include "expr/feature_table.h"

namespace strata::expr {

// The text of a feature that is measured with blocks as units, and the feature inside it; none if
// `feature` is not of that form.
std::string BlockwiseFeature(std::string_view feature);
std::optional<std::string> FeatureOfBlocks(std::string_view feature);

// What `operand`, the x of blockwise(x), is evaluated on: the blocks of the layout and those of
// its features, taken from `features`. NotFound names the first that is missing there.
absl::StatusOr<FeatureTable> BlockTable(const Expression& operand, const FeatureTable& features);

// One value per block, in order, to one per unit.
std::vector<double> SpreadOverUnits(const std::vector<double>& blocks, const UnitLayout& layout);

// The function of finer units that gives every unit the sparsity that `function`, of type
// Allocation, gives its block, where all blocks have equally many units: what its post-process
// reads becomes blockwise. Refinements, which do nothing to whole blocks, are left out unless they
// shift them.
Expression Blockwise(const Expression& function);

}  // namespace strata::expr

#endif  // STRATA_EXPR_BLOCKWISE_H_
