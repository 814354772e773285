// The population from which parents are drawn: the best candidates by NSGA-II, kept in steady
// state.
#ifndef STRATA_SEARCH_STRATEGY_MATING_POOL_H_
#define STRATA_SEARCH_STRATEGY_MATING_POOL_H_

#include <cstdint>
#include <vector>

#include "expr/variation.h"
#include "search/pareto/nsga2.h"

namespace strata::search {

// Holds at most `capacity` members. A further one pushes out the last in the crowded-comparison
// order. The cost of an insertion depends on the capacity alone. Not thread-safe.
class MatingPool {
 public:
  struct Member {
    int64_t id = 0;
    expr::Expression expression;
    Objectives objectives;  // the first is the loss
  };

  explicit MatingPool(size_t capacity) : capacity_(capacity) {}

  // Returns false if the member did not enter: it was pushed out at once, or a member has exactly
  // the same measured objectives and no more nodes. The latter is refused because many expressions
  // give the same allocation and would fill the pool. `node_objective` is the index of the number
  // of nodes among the objectives; negative if it is none.
  bool Insert(Member member, int node_objective);

  bool empty() const { return members_.empty(); }
  size_t size() const { return members_.size(); }
  const Member& at(size_t index) const { return members_[index]; }

  // Returns the winner of a binary tournament by NSGA-II's crowded comparison; the first of two
  // equally good members. The pool must not be empty.
  const Member& Tournament(expr::RandomGenerator& random) const;

  // Returns the member with the lowest loss, the first of equals. The pool must not be empty.
  const Member& Best() const;

  // Returns the members that no other dominates.
  std::vector<const Member*> Front() const;

 private:
  size_t capacity_;
  std::vector<Member> members_;
  std::vector<Ranked> ranked_;  // by position in members_
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_MATING_POOL_H_
