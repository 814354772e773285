// Structural sources that follow from the layout of the units, without measurement. Private to
// expr/.
#ifndef STRATA_EXPR_LAYOUT_SOURCES_H_
#define STRATA_EXPR_LAYOUT_SOURCES_H_

#include <span>

#include "expr/operator_table.h"
#include "expr/unit_layout.h"

namespace strata::expr {

// Writes one value per unit. The layout is valid and not empty.
using LayoutSource = void (*)(const UnitLayout& layout, std::span<double> out);

// `nullptr` unless `id` is such a source: depth, size, fan, last, attention, and the
// marks of a linear's role: query, key, value, output, gate, up, down.
LayoutSource LayoutSourceOf(OperatorId id);

}  // namespace strata::expr

#endif  // STRATA_EXPR_LAYOUT_SOURCES_H_
