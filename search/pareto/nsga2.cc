#include "search/pareto/nsga2.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace strata::search {
namespace {

// True if a member of `front` dominates `point`, which comes after all of them in lexicographic
// order. With two objectives, the last member has the smallest second objective of the front, so it
// alone decides.
bool FrontDominates(const std::vector<Objectives>& points, const std::vector<size_t>& front,
                    const Objectives& point) {
  if (point.size() <= 2) return Dominates(points[front.back()], point);
  return std::any_of(front.rbegin(), front.rend(),
                     [&](size_t member) { return Dominates(points[member], point); });
}

}  // namespace

bool Dominates(const Objectives& a, const Objectives& b) {
  bool smaller = false;
  for (size_t m = 0; m < a.size(); ++m) {
    if (a[m] > b[m]) return false;
    if (a[m] < b[m]) smaller = true;
  }
  return smaller;
}

std::vector<std::vector<size_t>> NondominatedFronts(const std::vector<Objectives>& points) {
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (points[a] != points[b]) return points[a] < points[b];
    return a < b;
  });

  std::vector<std::vector<size_t>> fronts;
  for (const size_t index : order) {
    // A point dominated by some member of a front is dominated by one of every earlier front, so
    // the first front that does not dominate it can be found by bisection.
    const auto home =
        std::partition_point(fronts.begin(), fronts.end(), [&](const std::vector<size_t>& front) {
          return FrontDominates(points, front, points[index]);
        });
    if (home == fronts.end()) {
      fronts.push_back({index});
    } else {
      home->push_back(index);
    }
  }
  return fronts;
}

std::vector<double> CrowdingDistances(const std::vector<Objectives>& points,
                                      const std::vector<size_t>& front) {
  std::vector<double> distances(front.size(), 0.0);
  if (front.empty()) return distances;
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<size_t> order(front.size());
  for (size_t m = 0; m < points[front[0]].size(); ++m) {
    const auto value = [&](size_t position) { return points[front[position]][m]; };
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return value(a) < value(b); });
    const double range = value(order.back()) - value(order.front());
    if (!(range > 0)) continue;
    distances[order.front()] = infinity;
    distances[order.back()] = infinity;
    for (size_t k = 1; k + 1 < order.size(); ++k) {
      distances[order[k]] += (value(order[k + 1]) - value(order[k - 1])) / range;
    }
  }
  return distances;
}

bool CrowdedLess(const Ranked& a, const Ranked& b) {
  if (a.rank != b.rank) return a.rank < b.rank;
  return a.crowding > b.crowding;
}

std::vector<Ranked> SelectBest(const std::vector<Objectives>& points, size_t count) {
  std::vector<Ranked> best;
  const std::vector<std::vector<size_t>> fronts = NondominatedFronts(points);
  for (size_t rank = 0; rank < fronts.size() && best.size() < count; ++rank) {
    const std::vector<double> distances = CrowdingDistances(points, fronts[rank]);
    for (size_t k = 0; k < fronts[rank].size(); ++k) {
      best.push_back({fronts[rank][k], rank, distances[k]});
    }
  }
  std::sort(best.begin(), best.end(), [](const Ranked& a, const Ranked& b) {
    if (CrowdedLess(a, b)) return true;
    if (CrowdedLess(b, a)) return false;
    return a.index < b.index;
  });
  if (best.size() > count) best.resize(count);
  return best;
}

}  // namespace strata::search
