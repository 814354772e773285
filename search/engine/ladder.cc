#include "search/engine/ladder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace strata::search {
namespace {

constexpr double kClearlyInDeviations = 2;
constexpr double kFewestDifferences = 3;  // for a standard deviation to say something

}  // namespace

Ladder::Ladder(const LadderOptions& options)
    : rivals_(static_cast<size_t>(options.rivals)),
      levels_(static_cast<size_t>(options.levels - 1)) {}

void Ladder::AddResult(const std::vector<double>& level_nll, int nodes) {
  for (size_t l = 0; l < std::min(levels_.size(), level_nll.size()); ++l) {
    Level& level = levels_[l];
    const double nll = level_nll[l];
    level.best.insert(std::upper_bound(level.best.begin(), level.best.end(), nll), nll);
    if (level.best.size() > rivals_) level.best.pop_back();
    const bool is_covered =
        std::any_of(level.frontier.begin(), level.frontier.end(),
                    [&](const auto& point) { return point.first <= nodes && point.second <= nll; });
    if (!is_covered) {
      std::erase_if(level.frontier,
                    [&](const auto& point) { return point.first >= nodes && point.second >= nll; });
      level.frontier.emplace_back(nodes, nll);
    }
    if (l + 1 >= level_nll.size()) continue;
    const double difference = level_nll[l + 1] - nll;
    const double before = difference - level.mean;
    level.count += 1;
    level.mean += before / level.count;
    level.squares += before * (difference - level.mean);
  }
}

std::vector<double> Ladder::LimitsFor(int nodes) const {
  std::vector<double> limits;
  for (const Level& level : levels_) {
    if (level.best.size() < rivals_ || level.count < kFewestDifferences) {
      limits.push_back(std::numeric_limits<double>::infinity());
      continue;
    }
    double lowest = std::numeric_limits<double>::infinity();  // with no more nodes
    for (const auto& [others_nodes, nll] : level.frontier) {
      if (others_nodes <= nodes) lowest = std::min(lowest, nll);
    }
    const double deviation = std::sqrt(level.squares / (level.count - 1));
    limits.push_back(std::max(lowest, level.best.back() + kClearlyInDeviations * deviation));
  }
  return limits;
}

}  // namespace strata::search
