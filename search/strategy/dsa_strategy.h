// An evolutionary strategy over the genomes of DSA, as its paper and code describe them.
#ifndef STRATA_SEARCH_STRATEGY_DSA_STRATEGY_H_
#define STRATA_SEARCH_STRATEGY_DSA_STRATEGY_H_

#include <memory>

#include "search/strategy/strategy.h"

namespace strata::search {

// A genome has 0 to 2 pre-process operators, one reduction and 1 or 2 transforms of DSA's tables
// (L. Li et al., "Discovering Sparsity Allocation for Layer-wise Pruning of Large Language Models",
// NeurIPS 2024; lib/autolayer.py), always on the Wanda score and with the amplitude 0.08.
// Reductions that DSA's code cannot apply to the vector it flattens a block to are left out.
//
// The evolution itself was not published as code; this is the usual one. Parents come from binary
// tournaments on the loss among the best `population` genomes. Half of the offspring take each of
// their three parts from one of two parents, and then have one operator replaced, added or removed
// with probability one half. The other offspring are copies of one parent with one such change. Of
// StrategyOptions only `population` is used.
std::unique_ptr<Strategy> MakeDsaStrategy(const StrategyOptions& options,
                                          const StrategyContext& context);

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_DSA_STRATEGY_H_
