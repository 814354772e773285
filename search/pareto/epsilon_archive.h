// The Pareto archive of a search: points that no other dominates, thinned by epsilon-dominance.
#ifndef STRATA_SEARCH_PARETO_EPSILON_ARCHIVE_H_
#define STRATA_SEARCH_PARETO_EPSILON_ARCHIVE_H_

#include <cstdint>
#include <vector>

#include "search/pareto/nsga2.h"

namespace strata::search {

// Members are mutually non-dominated and unequal. A point enters if no member dominates or equals
// it, and if it either dominates a member or is no member's neighbour. This is additive
// epsilon-dominance (M. Laumanns et al., "Combining convergence and diversity in evolutionary
// multiobjective optimization", Evolutionary Computation 10(3), 2002). It keeps the archive small
// and, in each objective, within epsilon of every point ever inserted. Members leave only when a
// point that dominates them enters, so the hypervolume never falls. Not thread-safe.
class EpsilonArchive {
 public:
  struct Member {
    int64_t id = 0;
    Objectives objectives;
  };

  // `epsilon[m]` >= 0 belongs to objective m; zeros keep every non-dominated point.
  explicit EpsilonArchive(Objectives epsilon) : epsilon_(std::move(epsilon)) {}

  // Returns true if the point entered. Its objectives are finite, as many as epsilons. O(M N) for N
  // members.
  bool Insert(int64_t id, Objectives objectives);

  // Members in the order of entry.
  const std::vector<Member>& members() const { return members_; }

  double HypervolumeTo(const Objectives& reference) const;

 private:
  Objectives epsilon_;
  std::vector<Member> members_;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_PARETO_EPSILON_ARCHIVE_H_
