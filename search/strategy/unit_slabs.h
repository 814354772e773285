// Groups of units whose sparsities are changed together, called slabs: the units of one kind and
// role, or of all roles, in a run of neighbouring blocks. Single units, whole blocks, and "all
// query linears" are slabs.
#ifndef STRATA_SEARCH_STRATEGY_UNIT_SLABS_H_
#define STRATA_SEARCH_STRATEGY_UNIT_SLABS_H_

#include <cstddef>
#include <vector>

#include "expr/unit_layout.h"
#include "expr/variation.h"

namespace strata::search {

class UnitSlabs {
 public:
  explicit UnitSlabs(const expr::UnitLayout& layout);

  // Returns the units of each kind and role, in the order of their first unit; empty if there is
  // only one.
  const std::vector<std::vector<size_t>>& of_roles() const { return of_roles_; }

  // Returns the units of each block; empty if blocks have only one.
  const std::vector<std::vector<size_t>>& of_blocks() const { return of_blocks_; }

  // Draws a slab: units in ascending order, at least one. Every second slab lies in a single block;
  // the length of the others is log-uniform. One slab in four holds all roles.
  std::vector<size_t> Draw(expr::RandomGenerator& random) const;

 private:
  std::vector<std::vector<size_t>> of_roles_, of_blocks_;
  std::vector<int> block_of_unit_;
  int blocks_ = 0;
  std::vector<std::vector<size_t>> drawn_;  // of_roles_, or all units
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_UNIT_SLABS_H_
