#include "search/engine/ladder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace strata::search {
namespace {

constexpr double kClearlyInDeviations = 2;
constexpr double kFewestDifferences = 3;  // so that a standard deviation is meaningful

}  // namespace

Ladder::Ladder(const LadderOptions& options)
    : rivals_(static_cast<size_t>(options.rivals)),
      rungs_(static_cast<size_t>(options.rungs - 1)) {}

void Ladder::AddResult(const std::vector<double>& rung_nll, int nodes) {
  for (size_t l = 0; l < std::min(rungs_.size(), rung_nll.size()); ++l) {
    Rung& rung = rungs_[l];
    const double nll = rung_nll[l];
    rung.best.insert(std::upper_bound(rung.best.begin(), rung.best.end(), nll), nll);
    if (rung.best.size() > rivals_) rung.best.pop_back();
    const bool is_covered =
        std::any_of(rung.frontier.begin(), rung.frontier.end(),
                    [&](const auto& point) { return point.first <= nodes && point.second <= nll; });
    if (!is_covered) {
      std::erase_if(rung.frontier,
                    [&](const auto& point) { return point.first >= nodes && point.second >= nll; });
      rung.frontier.emplace_back(nodes, nll);
    }
    if (l + 1 >= rung_nll.size()) continue;
    const double difference = rung_nll[l + 1] - nll;
    const double before = difference - rung.mean;
    rung.count += 1;
    rung.mean += before / rung.count;
    rung.squares += before * (difference - rung.mean);
  }
}

std::vector<double> Ladder::LimitsFor(int nodes) const {
  std::vector<double> limits;
  for (const Rung& rung : rungs_) {
    if (rung.best.size() < rivals_ || rung.count < kFewestDifferences) {
      limits.push_back(std::numeric_limits<double>::infinity());
      continue;
    }
    double lowest = std::numeric_limits<double>::infinity();  // loss with at most as many nodes
    for (const auto& [others_nodes, nll] : rung.frontier) {
      if (others_nodes <= nodes) lowest = std::min(lowest, nll);
    }
    const double deviation = std::sqrt(rung.squares / (rung.count - 1));
    limits.push_back(std::max(lowest, rung.best.back() + kClearlyInDeviations * deviation));
  }
  return limits;
}

}  // namespace strata::search
