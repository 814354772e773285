// Offspring: who becomes a parent, and how two parents or one give an expression that was not there
// before.
#ifndef STRATA_SEARCH_BREEDING_H_
#define STRATA_SEARCH_BREEDING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_set>
#include <vector>

#include "expr/variation.h"
#include "search/engine.h"
#include "search/nsga2.h"

namespace strata::search {

struct Offspring {
  expr::Expression expression;
  Lineage lineage;
};

// Everything random in a search happens here, in the order of the calls: the same calls give the
// same offspring. Not thread-safe.
class Breeder {
 public:
  Breeder(uint64_t seed, int population, const expr::VariationOptions& variation);

  // A candidate not made by this class: its expression counts as seen.
  void AddSeen(const expr::Expression& expression);

  // Makes a candidate eligible as a parent. `fitness_nll` is finite. One whose fitness_nll an
  // earlier eligible one has exactly, with no larger complexity, is left out: many expressions give
  // the same allocation, and the pool would fill with them.
  void AddResult(int64_t id, double fitness_nll, int complexity);

  // A random tree, not seen before unless twenty tries in a row give only seen ones.
  Offspring Random();

  // With the options' probability a crossover of two parents, else a mutation of one. Parents are
  // the winners of binary tournaments by NSGA-II's crowded comparison of (fitness_nll, complexity)
  // among the best `population` of the eligible. Twenty tries for an expression not seen before,
  // then Random(); Random() too without any eligible parent. `candidates[id]` holds the expression
  // of candidate id.
  Offspring Breed(const std::vector<Candidate>& candidates);

 private:
  int64_t Tournament();
  Offspring Vary(const std::vector<Candidate>& candidates);
  bool IsNew(const expr::Expression& expression);

  std::unique_ptr<expr::RandomGenerator> random_;
  size_t population_;
  expr::VariationOptions variation_;
  std::unordered_set<uint64_t> seen_;  // canonical hashes
  std::vector<int64_t> ids_;           // of the eligible; parallel to points_
  std::vector<Objectives> points_;
  std::map<double, int> simplest_;   // complexity of the simplest eligible by fitness_nll
  std::vector<Ranked> mating_pool_;  // best first; stale when results were added since
  bool pool_is_stale_ = true;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_BREEDING_H_
