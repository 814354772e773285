// Strata's own strategy: NSGA-II over typed trees, with a model of the loss that decides which of
// many offspring is worth measuring.
#ifndef STRATA_SEARCH_STRATEGY_EVOLUTION_STRATEGY_H_
#define STRATA_SEARCH_STRATEGY_EVOLUTION_STRATEGY_H_

#include <memory>

#include "search/strategy/strategy.h"

namespace strata::search {

// Makes the strategy. Offspring come from binary tournaments in one mating pool (mating_pool.h), by
// crossover or one mutation (variation_choice.h).
//
// Once the surrogate knows enough allocations, `proposals` offspring are made for every candidate.
// Those are judged whose features are known and whose allocation was not measured before. The most
// promising is chosen by lower confidence bounds: of its loss alone, or of its gain over the
// members of the pool's front that are nowhere else worse. Then the numbers of the chosen one are
// improved on the surrogate, if `amplitude_steps` is not 0.
std::unique_ptr<Strategy> MakeEvolutionStrategy(const StrategyOptions& options,
                                                const StrategyContext& context);

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_EVOLUTION_STRATEGY_H_
