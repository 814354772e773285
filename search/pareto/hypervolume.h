// Hypervolume: the measure of the space that a set of points dominates, up to a reference point.
//
// E. Zitzler, L. Thiele, "Multiobjective evolutionary algorithms: a comparative case study and the
// strength Pareto approach", IEEE Transactions on Evolutionary Computation 3(4), 1999. Computed
// exactly by slicing objective by objective (J. Knowles, "Local-search and hybrid evolutionary
// algorithms for Pareto optimization", 2002; L. While et al., "A faster algorithm for calculating
// hypervolume", IEEE Transactions on Evolutionary Computation 10(1), 2006).
#ifndef STRATA_SEARCH_PARETO_HYPERVOLUME_H_
#define STRATA_SEARCH_PARETO_HYPERVOLUME_H_

#include <vector>

#include "search/pareto/nsga2.h"

namespace strata::search {

inline constexpr size_t kMaximumObjectives = 4;

// Returns the hypervolume; 0 for no points. All objectives are minimised. Every point has as many
// objectives as the reference: 1 to 4. Points may dominate each other or be equal. A point at or
// beyond the reference in some objective dominates nothing. O(N log N) for two objectives,
// O(N^(M-1) log N) at worst for M.
double Hypervolume(const std::vector<Objectives>& points, const Objectives& reference);

}  // namespace strata::search

#endif  // STRATA_SEARCH_PARETO_HYPERVOLUME_H_
