// Distillation: finds functions whose allocation is near a given one, without measuring anything.
#ifndef STRATA_SEARCH_STRATEGY_DISTILLATION_H_
#define STRATA_SEARCH_STRATEGY_DISTILLATION_H_

#include <set>
#include <string>
#include <vector>

#include "expr/allocation.h"
#include "expr/feature_table.h"
#include "expr/variation.h"
#include "search/strategy/mating_pool.h"
#include "search/strategy/strategy.h"

namespace strata::search {

// Returns true if one of the features holds slopes, which are measured in a pruned model.
bool NeedsSlopes(const std::vector<std::string>& features);

// Evolves functions towards an allocation: NSGA-II on the squared distance, weighted by the units'
// parameters, and on the number of nodes. Remembers the best measured functions that need no
// slopes, which are the first parents. Not thread-safe.
class Distillation {
 public:
  // Breeds `expressions` offspring for each allocation, at tens of microseconds each; 0: does
  // nothing. `variation` says what they may be made of; its terms are not used.
  Distillation(int expressions, const expr::AllocationTarget& target,
               expr::VariationOptions variation);

  // Takes the result of a candidate that has objectives, of which the first is the loss.
  void Learn(const CandidateResult& result);

  // Returns the functions of the last population that no other dominates, which need no slopes: the
  // nearest to `wanted` first, at most two, the second with at most half of the first one's nodes.
  // Only features among `known` are used. Empty if no parent is known. Deterministic.
  std::vector<expr::Expression> Distil(expr::RandomGenerator& random,
                                       const expr::Allocation& wanted,
                                       const expr::FeatureTable& features,
                                       const std::set<std::string>& known) const;

 private:
  const int expressions_;
  const expr::AllocationTarget target_;
  const expr::VariationOptions variation_;
  MatingPool parents_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_DISTILLATION_H_
