#include "search/strategy/mating_pool.h"

#include <algorithm>
#include <utility>

namespace strata::search {
namespace {

// True if all objectives but the number of nodes are equal.
bool SameMeasurement(const Objectives& a, const Objectives& b, int node_objective) {
  for (size_t m = 0; m < a.size(); ++m) {
    if (static_cast<int>(m) != node_objective && a[m] != b[m]) return false;
  }
  return true;
}

}  // namespace

bool MatingPool::Insert(Member member, int node_objective) {
  const int64_t id = member.id;
  for (const Member& present : members_) {
    if (!SameMeasurement(present.objectives, member.objectives, node_objective)) continue;
    if (node_objective < 0) return false;
    const auto nodes = static_cast<size_t>(node_objective);
    if (present.objectives[nodes] <= member.objectives[nodes]) return false;
    std::erase_if(members_, [same = present.id](const Member& m) { return m.id == same; });
    break;
  }
  members_.push_back(std::move(member));
  std::vector<Objectives> points;
  for (const Member& present : members_) points.push_back(present.objectives);
  ranked_ = SelectBest(points, points.size());
  if (members_.size() > capacity_) {
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(ranked_.back().index));
    points.clear();
    for (const Member& present : members_) points.push_back(present.objectives);
    ranked_ = SelectBest(points, points.size());
  }
  std::sort(ranked_.begin(), ranked_.end(),
            [](const Ranked& a, const Ranked& b) { return a.index < b.index; });
  return std::any_of(members_.begin(), members_.end(),
                     [id](const Member& present) { return present.id == id; });
}

const MatingPool::Member& MatingPool::Tournament(expr::RandomGenerator& random) const {
  const Ranked& first = ranked_[random.Below(ranked_.size())];
  const Ranked& second = ranked_[random.Below(ranked_.size())];
  return members_[CrowdedLess(second, first) ? second.index : first.index];
}

const MatingPool::Member& MatingPool::Best() const {
  return *std::min_element(members_.begin(), members_.end(), [](const Member& a, const Member& b) {
    return a.objectives[0] < b.objectives[0];
  });
}

std::vector<const MatingPool::Member*> MatingPool::Front() const {
  std::vector<const Member*> front;
  for (const Ranked& ranked : ranked_) {
    if (ranked.rank == 0) front.push_back(&members_[ranked.index]);
  }
  return front;
}

}  // namespace strata::search
