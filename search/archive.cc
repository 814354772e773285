#include "search/archive.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace strata::search {
namespace {

const Candidate& At(const std::vector<Candidate>& candidates, int64_t id) {
  return candidates[static_cast<size_t>(id)];
}

}  // namespace

std::vector<int64_t> ParetoFront(const std::vector<Candidate>& candidates) {
  std::vector<std::tuple<int, double, int64_t>> order;
  for (const Candidate& candidate : candidates) {
    if (!candidate.fitness_nll) continue;
    order.emplace_back(candidate.complexity, *candidate.fitness_nll, candidate.id);
  }
  std::sort(order.begin(), order.end());
  std::vector<int64_t> front;
  for (const auto& [complexity, fitness, id] : order) {
    if (front.empty() || fitness < *At(candidates, front.back()).fitness_nll) front.push_back(id);
  }
  return front;
}

std::vector<int64_t> BestOfBaselines(const std::vector<Candidate>& candidates,
                                     const std::vector<int>& baseline_of) {
  std::map<int, int64_t> best;
  for (size_t id = 0; id < std::min(candidates.size(), baseline_of.size()); ++id) {
    if (!candidates[id].fitness_nll) continue;
    const auto [found, first] = best.try_emplace(baseline_of[id], static_cast<int64_t>(id));
    if (!first && *candidates[id].fitness_nll < *At(candidates, found->second).fitness_nll) {
      found->second = static_cast<int64_t>(id);
    }
  }
  std::vector<int64_t> ids;
  for (const auto& [baseline, id] : best) ids.push_back(id);
  return ids;
}

int64_t MeasuredAs(const Candidate& candidate) { return candidate.same_as.value_or(candidate.id); }

std::vector<int64_t> Finalists(const std::vector<Candidate>& candidates,
                               const std::vector<int64_t>& best_of_baselines,
                               const std::vector<int64_t>& front, int finalists) {
  std::vector<int64_t> chosen;
  std::set<int64_t> taken;
  const auto take = [&](int64_t id) {
    const int64_t measured = MeasuredAs(At(candidates, id));
    if (!taken.insert(measured).second) return false;
    chosen.push_back(measured);
    return true;
  };
  for (const int64_t id : best_of_baselines) take(id);
  // The front falls in fitness_nll with rising complexity, so its end is its best.
  int room = finalists;
  for (auto id = front.rbegin(); id != front.rend() && room > 0; ++id) {
    if (take(*id)) --room;
  }
  return chosen;
}

}  // namespace strata::search
