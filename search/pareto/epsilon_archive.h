// The Pareto archive of a search: what none dominates, thinned by epsilon-dominance.
#ifndef STRATA_SEARCH_EPSILON_ARCHIVE_H_
#define STRATA_SEARCH_EPSILON_ARCHIVE_H_

#include <cstdint>
#include <vector>

#include "search/pareto/nsga2.h"

namespace strata::search {

// Members are mutually non-dominated and unequal. A point enters if no member dominates or equals
// it and if it either dominates a member or is no member's neighbour: additive epsilon-dominance
// (M. Laumanns et al., "Combining convergence and diversity in evolutionary multiobjective
// optimization", Evolutionary Computation 10(3), 2002), which keeps the archive small and leaves
// it, in each objective, within epsilon of every point ever shown. Members leave only when a point
// that dominates them enters, so the hypervolume never falls. Not thread-safe.
class EpsilonArchive {
 public:
  struct Member {
    int64_t id = 0;
    Objectives objectives;
  };

  // `epsilon[m]` >= 0 of objective m; zeros keep every non-dominated point.
  explicit EpsilonArchive(Objectives epsilon) : epsilon_(std::move(epsilon)) {}

  // Whether the point entered. Its objectives are finite, as many as epsilons. O(M N) for N
  // members.
  bool Insert(int64_t id, Objectives objectives);

  // In the order of entry.
  const std::vector<Member>& members() const { return members_; }

  double HypervolumeTo(const Objectives& reference) const;

 private:
  Objectives epsilon_;
  std::vector<Member> members_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_EPSILON_ARCHIVE_H_
