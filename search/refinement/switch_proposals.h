// Proposals of a refinement: allocations that a few switches lead to.
#ifndef STRATA_SEARCH_REFINEMENT_SWITCH_PROPOSALS_H_
#define STRATA_SEARCH_REFINEMENT_SWITCH_PROPOSALS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "expr/allocation.h"
#include "expr/unit_layout.h"
#include "expr/variation.h"
#include "search/refinement/refinement_options.h"
#include "search/strategy/surrogate.h"
#include "search/strategy/unit_slabs.h"

namespace strata::search {

// A switch gives one slab of units up to `largest_step` of sparsity and takes as many zeros from
// another slab, so that the budget stays (the level switch of EvoPress, O. Sieberling et al., arXiv
// 2410.14649, section 3, where slabs are single units). With a group, it has two units and moves
// whole multiples of 1 / group. A Gaussian process of the losses so far chooses among many
// proposals. The same calls give the same proposals. Not thread-safe.
class SwitchProposals {
 public:
  // `options` must be valid for `layout`.
  SwitchProposals(const RefinementOptions& options, const expr::UnitLayout& layout);

  // Takes the loss of an allocation, which is finite; each distinct allocation once.
  void Learn(const expr::Allocation& allocation, double nll);

  // Returns a proposal that begins at `from`, an allocation within the bounds, and is not in
  // `seen`, which has expr::QuantizedKey of allocations. `pending` are the allocations whose loss
  // is not learned yet. nullopt if no new allocation was found in many tries.
  std::optional<expr::Allocation> Propose(const expr::Allocation& from,
                                          const std::vector<expr::Allocation>& pending,
                                          const std::unordered_set<std::string>& seen);

 private:
  std::optional<expr::Allocation> Switched(const expr::Allocation& from,
                                           const std::unordered_set<std::string>& seen);
  bool Switch(expr::Allocation& allocation);
  bool SwitchOnGrid(expr::Allocation& allocation);
  double Step();

  const RefinementOptions options_;
  const std::vector<int64_t> parameters_;
  const double mean_parameters_;
  const UnitSlabs slabs_;
  std::unique_ptr<expr::RandomGenerator> random_;
  Surrogate surrogate_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_REFINEMENT_SWITCH_PROPOSALS_H_
