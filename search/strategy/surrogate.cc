#include "search/strategy/surrogate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "search/strategy/unit_slabs.h"

namespace strata::search {
namespace {

constexpr double kGrowthUntilNextChoice = 1.25;
// Densities below this count as this in the logarithm of the density.
constexpr double kSmallestDensity = 0.005;
// Ratio of the expected coefficients, as standard deviations, of the mean of a role or block and of
// a single unit.
constexpr double kGroupWeight = 2;

// Loss by squared distance from the best allocation that is expected where slopes are known: with
// slopes alone, the loss would fall without end along them. The root mean square difference of
// sparsities is the distance. Measured on SmolLM2, with the radius of the tangents, as what ranks
// candidates best (docs/search.md).
constexpr double kCurvature = 10;

std::vector<double> RootsOf(const expr::UnitLayout& layout) {
  std::vector<double> roots = expr::WeightsOf(expr::ParametersOf(layout));
  for (double& root : roots) root = std::sqrt(root);
  return roots;
}

// Returns the squared distance of the first `units` inputs, which are those of the sparsities.
double SquaredDistance(const std::vector<double>& a, const std::vector<double>& b, size_t units) {
  double squares = 0;
  for (size_t i = 0; i < units; ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return squares;
}

}  // namespace

Surrogate::Surrogate(const SurrogateOptions& options, const expr::UnitLayout& layout, size_t values)
    : minimum_points_(static_cast<size_t>(std::max(2, options.minimum_points))),
      half_(static_cast<size_t>(std::max(2, options.maximum_points)) / 2),
      roots_(RootsOf(layout)),
      tangents_(roots_),
      settings_(values) {
  const UnitSlabs slabs(layout);
  groups_ = slabs.of_roles();
  groups_.insert(groups_.end(), slabs.of_blocks().begin(), slabs.of_blocks().end());
}

void Surrogate::Add(const expr::Allocation& allocation, std::vector<double> measured) {
  ++added_;
  Point point{InputOf(allocation), std::move(measured)};
  const auto place = std::upper_bound(
      best_.begin(), best_.end(), point,
      [](const Point& a, const Point& b) { return a.measured[0] < b.measured[0]; });
  best_.insert(place, std::move(point));
  if (best_.size() <= half_) return;
  latest_.push_back(std::move(best_.back()));
  best_.pop_back();
  if (latest_.size() > half_) latest_.pop_front();
}

void Surrogate::AddSlopes(const expr::Allocation& allocation, const std::vector<double>& slopes) {
  tangents_.Add(allocation, slopes);
}

double Surrogate::DistanceFromBest(const expr::Allocation& allocation, size_t count) const {
  std::vector<double> input;
  for (size_t i = 0; i < allocation.size(); ++i) input.push_back(roots_[i] * allocation[i]);
  double nearest = std::numeric_limits<double>::infinity();
  for (size_t k = 0; k < std::min(count, best_.size()); ++k) {
    nearest = std::min(nearest, SquaredDistance(input, best_[k].input, roots_.size()));
  }
  return std::sqrt(nearest);
}

void Surrogate::Fit(const std::vector<expr::Allocation>& pending) {
  std::vector<std::vector<double>> inputs;
  for (const Point& point : best_) inputs.push_back(point.input);
  for (const Point& point : latest_) inputs.push_back(point.input);
  const bool choose =
      static_cast<double>(added_) >= kGrowthUntilNextChoice * static_cast<double>(added_at_choice_);
  if (choose) added_at_choice_ = added_;
  processes_.clear();
  for (size_t value = 0; value < settings_.size(); ++value) {
    std::vector<double> targets = Unexpected(value, inputs, TargetsOf(value));
    if (choose) settings_[value] = GaussianProcess::Choose(inputs, targets, roots_.size());
    GaussianProcess process(inputs, targets, settings_[value]);
    if (!pending.empty()) {
      std::vector<std::vector<double>> all = inputs;
      for (const expr::Allocation& allocation : pending) {
        all.push_back(InputOf(allocation));
        targets.push_back(process.Predict(all.back()).mean);
      }
      process = GaussianProcess(std::move(all), targets, settings_[value]);
    }
    processes_.push_back(std::move(process));
  }
}

Prediction Surrogate::Predict(size_t value, const expr::Allocation& allocation) const {
  const std::vector<double> input = InputOf(allocation);
  Prediction prediction = processes_[value].Predict(input);
  prediction.mean += ExpectedOf(value, input);
  return prediction;
}

double Surrogate::ExpectedOf(size_t value, const std::vector<double>& input) const {
  if (value != 0 || tangents_.empty()) return 0;
  return tangents_.ChangeAt(input) +
         kCurvature * SquaredDistance(input, best_.front().input, roots_.size());
}

std::vector<double> Surrogate::Unexpected(size_t value,
                                          const std::vector<std::vector<double>>& inputs,
                                          std::vector<double> targets) const {
  for (size_t i = 0; i < targets.size(); ++i) targets[i] -= ExpectedOf(value, inputs[i]);
  return targets;
}

std::vector<double> Surrogate::InputOf(const expr::Allocation& allocation) const {
  std::vector<double> input;
  for (size_t i = 0; i < allocation.size(); ++i) input.push_back(roots_[i] * allocation[i]);
  for (size_t i = 0; i < allocation.size(); ++i) {
    input.push_back(-roots_[i] * std::log(std::max(1 - allocation[i], kSmallestDensity)));
  }
  // The input is the mean over a group times the root of the group's share, as for a unit.
  for (const size_t first : {size_t{0}, allocation.size()}) {
    for (const std::vector<size_t>& group : groups_) {
      double sum = 0, share = 0;
      for (const size_t unit : group) {
        sum += roots_[unit] * input[first + unit];
        share += roots_[unit] * roots_[unit];
      }
      input.push_back(kGroupWeight * sum / std::sqrt(share));
    }
  }
  return input;
}

std::vector<double> Surrogate::TargetsOf(size_t value) const {
  std::vector<double> targets;
  for (const Point& point : best_) targets.push_back(point.measured[value]);
  for (const Point& point : latest_) targets.push_back(point.measured[value]);
  std::vector<double> sorted = targets;
  std::sort(sorted.begin(), sorted.end());
  const double knee = sorted[sorted.size() / 2];
  const double scale = knee - sorted.front();
  if (!(scale > 0)) return targets;
  for (double& target : targets) {
    if (target > knee) target = knee + scale * std::log1p((target - knee) / scale);
  }
  return targets;
}

}  // namespace strata::search
