// The operator blockwise(x), for layouts whose units are finer than blocks. It gives every unit the
// value that x has for its block when whole blocks are the units. A function of linears can
// therefore contain a function of blocks unchanged, with statistics of all matrices of a block
// together and with ranks and means over blocks.
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

// Returns the text of `feature` measured with blocks as units: "blockwise(feature)".
std::string BlockwiseFeature(std::string_view feature);
// Returns the feature inside such a text, or nullopt if `feature` does not have that form.
std::optional<std::string> FeatureOfBlocks(std::string_view feature);

// Returns the table on which `operand`, the x of blockwise(x), is evaluated. It holds the blocks of
// the layout and the blockwise features that `operand` needs, taken from `features`. Errors:
// NotFound, which names the first feature that is missing in `features`.
absl::StatusOr<FeatureTable> BlockTable(const Expression& operand, const FeatureTable& features);

// Turns one value per block, in block order, into one value per unit.
std::vector<double> SpreadOverUnits(const std::vector<double>& blocks, const UnitLayout& layout);

// Returns a function of finer units that gives every unit the sparsity that `function`, of type
// Allocation, gives its block. This holds if all blocks have equally many units. Every operand of
// type Units is put under blockwise(...). The adjustment `within` is left out because it does
// nothing to whole blocks; `shift` stays.
Expression Blockwise(const Expression& function);

}  // namespace strata::expr

#endif  // STRATA_EXPR_BLOCKWISE_H_
