// Structural sources that follow from the layout of the units and need no measurement. Private to
// expr/.
#ifndef STRATA_EXPR_LAYOUT_SOURCES_H_
#define STRATA_EXPR_LAYOUT_SOURCES_H_

#include <span>

#include "expr/operator_table.h"
#include "expr/unit_layout.h"

namespace strata::expr {

// Writes one value per unit. `layout` must be valid and not empty.
using LayoutSource = void (*)(const UnitLayout& layout, std::span<double> out);

// Returns nullptr unless `id` is such a source: depth, size, fan, last, attention, or a mark of a
// linear's role (query, key, value, output, gate, up, down).
LayoutSource LayoutSourceOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_LAYOUT_SOURCES_H_
