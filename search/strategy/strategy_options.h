// The kinds of search strategy, and their settings.
#ifndef STRATA_SEARCH_STRATEGY_STRATEGY_OPTIONS_H_
#define STRATA_SEARCH_STRATEGY_STRATEGY_OPTIONS_H_

#include <string_view>

#include "expr/variation.h"

namespace strata::search {

enum class StrategyKind {
  kStrata,        // NSGA-II on typed trees with a surrogate: evolution_strategy.cc
  kRandom,        // random trees
  kHillClimbing,  // mutations of the best, restarted when nothing improves
  kDsa,           // DSA's genomes, operators and fixed amplitude: dsa_strategy.cc
  kEvoPress,      // no functions: the search ends after the baselines and warm starts
};

// Returns the kind with this name ("strata", "random", "hill_climbing", "dsa", "evopress"); nullptr
// for another name.
const StrategyKind* FindStrategyKind(std::string_view name);
std::string_view NameOf(StrategyKind kind);

// Returns true unless the search ends before anything is bred.
inline bool Breeds(StrategyKind kind) { return kind != StrategyKind::kEvoPress; }

// A model of the loss as a function of the allocation, which ranks many offspring so that only the
// most promising is measured. See docs/search.md for the measurements behind the defaults.
struct SurrogateOptions {
  bool enabled = true;
  // Number of offspring that are ranked for every one that is measured. Each costs microseconds.
  int proposals = 200;
  // Number of generations of such offspring, each bred from the most promising of those before and
  // from what was measured. The model alone judges them.
  int generations = 1;
  // Number of steps on the numbers of the most promising proposal, each kept if the model predicts
  // an improvement. 0, because proposals that differ in a number find the same improvements.
  int amplitude_steps = 0;
  // Share of candidates bred without the model, so that it cannot rule out what it does not know.
  double unfiltered_share = 0.15;
  // Number of features of random functions that are measured at the beginning. More of them let the
  // model judge more offspring, because it needs all features of an offspring.
  int feature_pool = 64;
  // An offspring is judged by its predicted loss less this many standard deviations.
  double optimism = 2.0;
  // Largest root mean square difference of sparsities between an offspring and the nearest of the
  // best allocations; 0: no limit. Far from the measured allocations, losses are much higher than
  // the model predicts.
  double trust_radius = 0.1;
  // Share of candidates chosen by their loss alone. The others are chosen by their gain over the
  // members of the front that are nowhere else worse.
  double loss_share = 0.5;
  // Number of measured allocations from which the model is used.
  int minimum_points = 12;
  // Largest number of measured allocations that the model is fitted to: half of them the best, the
  // others the latest. The cost of a fit grows with the cube.
  int maximum_points = 200;
};

struct StrategyOptions {
  StrategyKind kind = StrategyKind::kStrata;
  // Parents are drawn from this many candidates, the best by NSGA-II rank and crowding.
  int population = 24;
  expr::VariationOptions variation;
  SurrogateOptions surrogate;
  // At most one in so many candidates is a descent from the best function so far, for which the
  // slopes of its loss are measured. 0: none is.
  int descent_interval = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_STRATEGY_OPTIONS_H_
