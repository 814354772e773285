// The two measures of NSGA-II: non-dominated rank and crowding distance. All objectives are
// minimised and finite.
//
// K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A fast and elitist multiobjective genetic
// algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6(2), 2002. The fronts are
// found by efficient non-dominated sort with binary search (X. Zhang, Y. Tian, R. Cheng, Y. Jin,
// IEEE Transactions on Evolutionary Computation 19(2), 2015), which gives the same fronts as Deb's
// sort with fewer comparisons.
#ifndef STRATA_SEARCH_PARETO_NSGA2_H_
#define STRATA_SEARCH_PARETO_NSGA2_H_

#include <cstddef>
#include <vector>

namespace strata::search {

// The objectives of one point, at least one. All points of a call have the same number of them.
using Objectives = std::vector<double>;

// True if no objective of `a` is larger than that of `b`, and at least one is smaller.
bool Dominates(const Objectives& a, const Objectives& b);

// Returns the indices of `points` front by front. The first front holds the points that no other
// dominates, the next those dominated only by members of earlier fronts, and so on. A front is
// sorted by objectives in lexicographic order, then by index. Equal points share a front. N points
// with M objectives take O(N log N) for M <= 2, and at worst O(M N^2) for more.
std::vector<std::vector<size_t>> NondominatedFronts(const std::vector<Objectives>& points);

// Returns the crowding distance of every member of `front` (indices into `points`), in the order of
// `front`: the sum over objectives of the gap between its two neighbours, as a share of the front's
// range in that objective. It is infinite for a member that is first or last in some objective. An
// objective in which all members are equal adds nothing. Ties are ordered by position in `front`.
// O(M F log F) for F members.
std::vector<double> CrowdingDistances(const std::vector<Objectives>& points,
                                      const std::vector<size_t>& front);

// A point with its place in the crowded-comparison order.
struct Ranked {
  size_t index = 0;     // into the points
  size_t rank = 0;      // number of its front, 0 best
  double crowding = 0;  // within its whole front
};

// True if `a` has the lower rank, or the same rank and the larger crowding distance (Deb et al.,
// section III-B).
bool CrowdedLess(const Ranked& a, const Ranked& b);

// Returns the best `count` points (all, if there are fewer) in crowded-comparison order; ties by
// index.
std::vector<Ranked> SelectBest(const std::vector<Objectives>& points, size_t count);

}  // namespace strata::search

#endif  // STRATA_SEARCH_PARETO_NSGA2_H_
