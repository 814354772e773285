#include "search/refinement/switch_proposals.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "search/strategy/random.h"

namespace strata::search {
namespace {

// Tries to find one new proposal before it is assumed that none is left.
constexpr int kTries = 200;

// A proposal is judged by its predicted loss less this many standard deviations.
constexpr double kOptimism = 0.5;

SurrogateOptions SurrogateOf(const RefinementOptions& options) {
  SurrogateOptions surrogate;
  surrogate.minimum_points = 8;
  surrogate.proposals = options.proposals;
  return surrogate;
}

}  // namespace

SwitchProposals::SwitchProposals(const RefinementOptions& options, const expr::UnitLayout& layout)
    : options_(options),
      parameters_(expr::ParametersOf(layout)),
      mean_parameters_(
          static_cast<double>(std::accumulate(parameters_.begin(), parameters_.end(), int64_t{0})) /
          static_cast<double>(parameters_.size())),
      slabs_(layout),
      random_(MakeRandomGenerator(options.seed)),
      surrogate_(SurrogateOf(options), layout, 1) {}

void SwitchProposals::Learn(const expr::Allocation& allocation, double nll) {
  surrogate_.Add(allocation, {nll});
}

std::optional<expr::Allocation> SwitchProposals::Propose(
    const expr::Allocation& from, const std::vector<expr::Allocation>& pending,
    const std::unordered_set<std::string>& seen) {
  const bool ranks = surrogate_.is_ready() && random_->Uniform(0, 1) >= options_.unranked_share;
  if (!ranks) return Switched(from, seen);
  surrogate_.Fit(pending);
  // After a quarter of the proposals, the others begin at the best so far.
  std::optional<expr::Allocation> chosen;
  double lowest = 0;
  for (int i = 0; i < options_.proposals; ++i) {
    const bool climbs = chosen.has_value() && 4 * i >= options_.proposals;
    std::optional<expr::Allocation> proposal = Switched(climbs ? *chosen : from, seen);
    if (!proposal.has_value()) break;
    const Prediction predicted = surrogate_.Predict(0, *proposal);
    const double judged = predicted.mean - kOptimism * predicted.deviation;
    if (chosen.has_value() && judged >= lowest) continue;
    lowest = judged;
    chosen = std::move(proposal);
  }
  return chosen;
}

std::optional<expr::Allocation> SwitchProposals::Switched(
    const expr::Allocation& from, const std::unordered_set<std::string>& seen) {
  for (int i = 0; i < kTries; ++i) {
    expr::Allocation allocation = from;
    const auto maximum = static_cast<uint64_t>(options_.maximum_switches);
    const uint64_t switches = 1 + std::min(random_->Below(maximum), random_->Below(maximum));
    bool moved = true;
    for (uint64_t k = 0; k < switches && moved; ++k) moved = Switch(allocation);
    if (moved && !seen.contains(expr::QuantizedKey(allocation))) return allocation;
  }
  return std::nullopt;
}

double SwitchProposals::Step() {
  return std::exp(
      random_->Uniform(std::log(options_.smallest_step), std::log(options_.largest_step)));
}

// Moves zeros from one slab to another; false if the two drawn leave no room.
bool SwitchProposals::Switch(expr::Allocation& allocation) {
  if (options_.target.group > 0) return SwitchOnGrid(allocation);
  const std::vector<size_t> raised = slabs_.Draw(*random_);
  std::vector<size_t> lowered = slabs_.Draw(*random_);
  std::erase_if(lowered, [&](size_t unit) { return std::ranges::binary_search(raised, unit); });
  if (lowered.empty()) return false;
  double of_raised = 0, of_lowered = 0;
  double most_raised = 1, most_lowered = 1;
  for (const size_t unit : raised) {
    of_raised += static_cast<double>(parameters_[unit]);
    most_raised = std::min(most_raised, options_.target.maximum - allocation[unit]);
  }
  for (const size_t unit : lowered) {
    of_lowered += static_cast<double>(parameters_[unit]);
    most_lowered = std::min(most_lowered, allocation[unit] - options_.target.minimum);
  }
  const double zeros = std::min({Step() * std::min(of_raised, of_lowered), most_raised * of_raised,
                                 most_lowered * of_lowered});
  if (zeros <= 0) return false;
  for (const size_t unit : raised) {
    allocation[unit] = std::min(allocation[unit] + zeros / of_raised, options_.target.maximum);
  }
  for (const size_t unit : lowered) {
    allocation[unit] = std::max(allocation[unit] - zeros / of_lowered, options_.target.minimum);
  }
  return true;
}

// The same between two units whose sparsities stay multiples of 1 / group.
bool SwitchProposals::SwitchOnGrid(expr::Allocation& allocation) {
  const auto units = static_cast<uint64_t>(allocation.size());
  const auto raised = static_cast<size_t>(random_->Below(units));
  auto lowered = static_cast<size_t>(random_->Below(units - 1));
  if (lowered >= raised) ++lowered;
  const auto of_raised = static_cast<double>(parameters_[raised]);
  const auto of_lowered = static_cast<double>(parameters_[lowered]);
  const double room = std::min((options_.target.maximum - allocation[raised]) * of_raised,
                               (allocation[lowered] - options_.target.minimum) * of_lowered);
  // The fewest zeros that are whole steps of both units.
  const auto group = static_cast<double>(options_.target.group);
  const auto quantum =
      static_cast<double>(std::lcm(parameters_[raised], parameters_[lowered])) / group;
  const double zeros = std::max(1.0, std::round(Step() * mean_parameters_ / quantum)) * quantum;
  if (zeros > room + kSparsityTolerance * mean_parameters_) return false;
  allocation[raised] += zeros / of_raised;
  allocation[lowered] -= zeros / of_lowered;
  for (const size_t unit : {raised, lowered}) {
    allocation[unit] = std::round(allocation[unit] * group) / group;
  }
  return true;
}

}  // namespace strata::search
