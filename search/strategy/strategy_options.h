// Which strategy a search follows, and its settings.
#ifndef STRATA_SEARCH_STRATEGY_OPTIONS_H_
#define STRATA_SEARCH_STRATEGY_OPTIONS_H_

#include <string_view>

#include "expr/variation.h"

namespace strata::search {

enum class StrategyKind {
  kStrata,        // NSGA-II on typed trees with a surrogate: evolution_strategy.cc
  kRandom,        // random trees
  kHillClimbing,  // mutations of the best, restarted when nothing improves
  kDsa,           // DSA's genomes, operators and fixed amplitude: dsa_strategy.cc
};

// "strata", "random", "hill_climbing", "dsa"; nullptr for an unknown name.
const StrategyKind* FindStrategyKind(std::string_view name);
std::string_view NameOf(StrategyKind kind);

// A model of the loss as a function of the allocation, which ranks many offspring so that only the
// most promising is measured. See docs/search.md for the measurements behind the defaults.
struct SurrogateOptions {
  bool enabled = true;
  // Offspring that are ranked for every one that is measured; more cost microseconds each.
  int proposals = 200;
  // Steps on the numbers of the most promising proposal, each kept if the model likes it better.
  // Off: proposals that differ in a number already find what these find.
  int amplitude_steps = 0;
  // Share of candidates bred without the model, so that it cannot close off what it does not know.
  double unfiltered_share = 0.15;
  // Features of random functions that are measured at the beginning, because only offspring whose
  // features are known can be judged.
  int feature_pool = 64;
  // An offspring is judged by its predicted loss less this many standard deviations.
  double optimism = 2.0;
  // Root mean square difference of sparsities from the nearest of the best allocations, up to which
  // an offspring is proposed; 0: any. Where the model knows nothing, losses are far worse than it
  // says.
  double trust_radius = 0.1;
  // Share of candidates chosen by their loss alone; the others by how far they get ahead of what
  // the front has that is nowhere else worse.
  double loss_share = 0.5;
  // Measured allocations before the model is used, and the most it is fitted to: half of them the
  // best, the others the latest. The cost of a fit grows with the cube.
  int minimum_points = 12;
  int maximum_points = 200;
};

struct StrategyOptions {
  StrategyKind kind = StrategyKind::kStrata;
  // Parents are drawn from the best this many, by NSGA-II rank and crowding.
  int population = 24;
  expr::VariationOptions variation;
  SurrogateOptions surrogate;
  // Separate populations that send their best to the next one every `migration_interval` results;
  // 1: one population.
  int islands = 1;
  int migration_interval = 25;
  // Results in a row that leave the archive as it is before the population is emptied; 0: never.
  int restart_after = 0;
  // The weights of the mutations follow their success instead of staying as they are.
  bool adaptive_operators = false;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_OPTIONS_H_
