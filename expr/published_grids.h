// Hyper-parameter grids of the published functions. Private to expr/.
#ifndef STRATA_EXPR_PUBLISHED_GRIDS_H_
#define STRATA_EXPR_PUBLISHED_GRIDS_H_

#include "expr/published_functions.h"

namespace strata::expr {

// Each function returns one grid and is named after the rows of published_functions.cc that use it.
// The default stands first in a grid.
Grid NoSettings(const UnitLayout& layout, double target);
Grid LastUnitDense(const UnitLayout& layout, double target);
Grid GlobalThreshold(const UnitLayout& layout, double target);
Grid OwlGrid(const UnitLayout& layout, double target);
Grid OwlGroupsGrid(const UnitLayout& layout, double target);
Grid AlsGrid(const UnitLayout& layout, double target);
Grid AlsIntraGrid(const UnitLayout& layout, double target);
Grid ProgressionGrid(const UnitLayout& layout, double target);
Grid NeuroAlGrid(const UnitLayout& layout, double target);
Grid AlphaPruningGrid(const UnitLayout& layout, double target);
Grid DlpGrid(const UnitLayout& layout, double target);
Grid AmplitudesFrom08(const UnitLayout& layout, double target);
Grid AmplitudesFrom15(const UnitLayout& layout, double target);

}  // namespace strata::expr

#endif  // STRATA_EXPR_PUBLISHED_GRIDS_H_
