#include "search/pareto/epsilon_archive.h"

#include <algorithm>
#include <utility>

#include "search/pareto/hypervolume.h"

namespace strata::search {
namespace {

// True if `a`, improved by epsilon in every objective, is nowhere worse than `b`.
bool EpsilonDominates(const Objectives& a, const Objectives& b, const Objectives& epsilon) {
  for (size_t m = 0; m < a.size(); ++m) {
    if (a[m] - epsilon[m] > b[m]) return false;
  }
  return true;
}

}  // namespace

bool EpsilonArchive::Insert(int64_t id, Objectives objectives) {
  bool is_neighbour = false;
  for (const Member& member : members_) {
    if (member.objectives == objectives || Dominates(member.objectives, objectives)) return false;
    is_neighbour = is_neighbour || EpsilonDominates(member.objectives, objectives, epsilon_);
  }
  const size_t dominated = std::erase_if(
      members_, [&](const Member& member) { return Dominates(objectives, member.objectives); });
  if (is_neighbour && dominated == 0) return false;
  members_.push_back({id, std::move(objectives)});
  return true;
}

double EpsilonArchive::HypervolumeTo(const Objectives& reference) const {
  std::vector<Objectives> points;
  for (const Member& member : members_) points.push_back(member.objectives);
  return Hypervolume(points, reference);
}

}  // namespace strata::search
