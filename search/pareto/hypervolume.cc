#include "search/pareto/hypervolume.h"

#include <algorithm>
#include <utility>

namespace strata::search {
namespace {

// Returns the area below the staircase of `points`, sorted by the first objective.
double Area(const std::vector<Objectives>& points, const Objectives& reference) {
  double area = 0;
  double lowest = reference[1];
  for (const Objectives& point : points) {
    if (point[1] >= lowest) continue;
    area += (reference[0] - point[0]) * (lowest - point[1]);
    lowest = point[1];
  }
  return area;
}

// Returns the volume in the first `objectives` objectives. All `points` lie within the reference.
double Volume(std::vector<Objectives> points, const Objectives& reference, size_t objectives) {
  if (points.empty()) return 0;
  if (objectives == 1) {
    double lowest = reference[0];
    for (const Objectives& point : points) lowest = std::min(lowest, point[0]);
    return reference[0] - lowest;
  }
  const size_t last = objectives - 1;
  if (objectives == 2) {
    std::sort(points.begin(), points.end());
    return Area(points, reference);
  }
  // Slices go from the lowest value of the last objective up. Each ends where the next point joins.
  std::sort(points.begin(), points.end(),
            [last](const Objectives& a, const Objectives& b) { return a[last] < b[last]; });
  double volume = 0;
  std::vector<Objectives> slice;
  for (size_t i = 0; i < points.size(); ++i) {
    const Objectives& joining = points[i];
    const auto covers = [last](const Objectives& a, const Objectives& b) {
      for (size_t m = 0; m < last; ++m) {
        if (a[m] > b[m]) return false;
      }
      return true;
    };
    const bool is_covered = std::any_of(slice.begin(), slice.end(), [&](const Objectives& member) {
      return covers(member, joining);
    });
    if (!is_covered) {
      std::erase_if(slice, [&](const Objectives& member) { return covers(joining, member); });
      slice.push_back(joining);
    }
    const double end = i + 1 < points.size() ? points[i + 1][last] : reference[last];
    if (end > joining[last]) volume += (end - joining[last]) * Volume(slice, reference, last);
  }
  return volume;
}

}  // namespace

double Hypervolume(const std::vector<Objectives>& points, const Objectives& reference) {
  std::vector<Objectives> within;
  for (const Objectives& point : points) {
    bool is_within = true;
    for (size_t m = 0; m < reference.size(); ++m) is_within = is_within && point[m] < reference[m];
    if (is_within) within.push_back(point);
  }
  return Volume(std::move(within), reference, reference.size());
}

}  // namespace strata::search
