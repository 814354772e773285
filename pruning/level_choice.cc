#include "pruning/level_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "expr/status_macros.h"

namespace strata::pruning {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kBinsOfTolerance = 16;

// Sums are in units of (greatest common divisor of the sizes) / (denominator of the grid).
struct Problem {
  const LevelGrid& grid;
  std::span<const double> wanted;
  std::vector<int64_t> sizes;  // in units of their greatest common divisor
  double weight = 0;           // sum of the sizes
  double target = 0;           // wanted sum
  double tolerance = 0;        // tolerance of the sum
  int64_t bin_width = 1;       // sums in one bin are merged

  int linears() const { return static_cast<int>(sizes.size()); }
  int64_t SumOf(int linear, int level) const { return sizes[linear] * grid.numerator(level); }
  double MeanOf(double sum) const {
    return sum / (weight * static_cast<double>(grid.denominator()));
  }
  bool Fits(int64_t sum) const {
    constexpr double kRounding = 1e-9;
    return std::fabs(static_cast<double>(sum) - target) <= tolerance * (1 + kRounding) + kRounding;
  }
};

// Returns the level nearest to `sparsity`, or the lower one of two equally near levels.
int Nearest(const LevelGrid& grid, double sparsity) {
  int best = 0;
  for (int level = 1; level < grid.size(); ++level) {
    if (std::fabs(grid.level(level) - sparsity) < std::fabs(grid.level(best) - sparsity)) {
      best = level;
    }
  }
  return best;
}

int64_t NearestSum(const Problem& problem, double shift) {
  int64_t sum = 0;
  for (int linear = 0; linear < problem.linears(); ++linear) {
    sum += problem.SumOf(linear, Nearest(problem.grid, problem.wanted[linear] + shift));
  }
  return sum;
}

// Returns the multiplier of the constraint on the sum. If all wanted sparsities are shifted by it,
// the nearest levels come closest to the target from one side.
double BalancingShift(const Problem& problem) {
  double low = -1;
  double high = 1;
  constexpr int kSteps = 50;
  for (int step = 0; step < kSteps; ++step) {
    const double middle = (low + high) / 2;
    (static_cast<double>(NearestSum(problem, middle)) < problem.target ? low : high) = middle;
  }
  return high;
}

// Costs of a level beyond those of the linear's cheapest level, for shifted wanted sparsities.
class ReducedCosts {
 public:
  ReducedCosts(const Problem& problem, double shift) : levels_(problem.grid.size()) {
    for (int linear = 0; linear < problem.linears(); ++linear) {
      const double sparsity = problem.wanted[linear] + shift;
      double least = kInfinity;
      const size_t first = costs_.size();
      for (int level = 0; level < levels_; ++level) {
        const double distance = problem.grid.level(level) - sparsity;
        costs_.push_back(static_cast<double>(problem.sizes[linear]) * distance * distance);
        least = std::min(least, costs_.back());
      }
      double largest = 0;
      for (size_t i = first; i < costs_.size(); ++i) {
        costs_[i] -= least;
        largest = std::max(largest, costs_[i]);
      }
      base_ += least;
      total_ += largest;
    }
  }

  double at(int linear, int level) const { return costs_[linear * levels_ + level]; }
  double base() const { return base_; }    // cost of the cheapest levels
  double total() const { return total_; }  // no choice costs more than this above base()

  // Returns a first bound: the fourth smallest positive cost, or the largest if there are fewer.
  double SmallBound() const {
    std::vector<double> positive;
    for (const double cost : costs_) {
      if (cost > 0) positive.push_back(cost);
    }
    if (positive.empty()) return 0;
    const size_t place = std::min<size_t>(3, positive.size() - 1);
    std::nth_element(positive.begin(), positive.begin() + place, positive.end());
    return positive[place];
  }

 private:
  int levels_;
  std::vector<double> costs_;
  double base_ = 0;
  double total_ = 0;
};

int64_t FloorDivide(int64_t value, int64_t divisor) {
  return value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor);
}

// The best partial choices of the first linears, by bins of their sums.
struct Layer {
  int64_t first_bin = 0;
  std::vector<double> costs;  // infinite if no choice has such a sum
  std::vector<int64_t> sums;
  std::vector<int32_t> parents;  // place in the previous layer
  std::vector<uint8_t> levels;

  void Resize(int64_t bins) {
    costs.assign(bins, kInfinity);
    sums.assign(bins, 0);
    parents.assign(bins, 0);
    levels.assign(bins, 0);
  }
  // Keeps only what is needed to trace a choice back.
  void ForgetSums() {
    costs = {};
    sums = {};
  }
};

class Search {
 public:
  // Considers all choices whose reduced costs sum up to at most `bound`.
  Search(const Problem& problem, const ReducedCosts& costs, double bound, bool keep_all)
      : problem_(problem), costs_(costs), bound_(bound), keep_all_(keep_all) {
    FindAllowed();
    layers_.emplace_back();
    layers_.back().Resize(1);
    layers_.back().costs[0] = 0;
    for (int linear = 0; linear < problem.linears(); ++linear) Extend(linear);
  }

  struct Found {
    std::vector<int> levels;
    double reduced_cost;
    int64_t sum;
  };

  // Returns the best choice that fits, or nullopt. For each unit of its sum, `slope` is added to
  // its reduced cost.
  std::optional<Found> Best(double slope) const {
    const Layer& last = layers_.back();
    int64_t best = -1;
    double least = kInfinity;
    for (size_t i = 0; i < last.costs.size(); ++i) {
      if (last.costs[i] == kInfinity || !problem_.Fits(last.sums[i])) continue;
      const double cost =
          last.costs[i] + slope * (static_cast<double>(last.sums[i]) - problem_.target);
      if (cost >= least) continue;
      least = cost;
      best = static_cast<int64_t>(i);
    }
    if (best < 0) return std::nullopt;
    Found found{std::vector<int>(problem_.linears()), last.costs[best], last.sums[best]};
    for (int linear = problem_.linears() - 1; linear >= 0; --linear) {
      const Layer& layer = layers_[linear + 1];
      found.levels[linear] = layer.levels[best];
      best = layer.parents[best];
    }
    return found;
  }

  // Returns the nearest sum of all choices, even if they do not fit.
  int64_t NearestSumFound() const {
    const Layer& last = layers_.back();
    int64_t nearest = 0;
    double least = kInfinity;
    for (size_t i = 0; i < last.costs.size(); ++i) {
      const double distance = std::fabs(static_cast<double>(last.sums[i]) - problem_.target);
      if (last.costs[i] == kInfinity || distance >= least) continue;
      least = distance;
      nearest = last.sums[i];
    }
    return nearest;
  }

 private:
  // Finds the levels whose own cost is within the bound, and the least and the largest sum that the
  // linears from each index on can add.
  void FindAllowed() {
    allowed_.resize(problem_.linears());
    least_rest_.assign(problem_.linears() + 1, 0);
    most_rest_.assign(problem_.linears() + 1, 0);
    for (int linear = problem_.linears() - 1; linear >= 0; --linear) {
      for (int level = 0; level < problem_.grid.size(); ++level) {
        if (costs_.at(linear, level) <= bound_) allowed_[linear].push_back(level);
      }
      // Levels are in ascending order.
      least_rest_[linear] =
          least_rest_[linear + 1] + problem_.SumOf(linear, allowed_[linear].front());
      most_rest_[linear] = most_rest_[linear + 1] + problem_.SumOf(linear, allowed_[linear].back());
    }
  }

  bool CanFit(int64_t sum, int linears) const {
    return keep_all_ || (static_cast<double>(sum + least_rest_[linears]) <=
                             problem_.target + problem_.tolerance + 1 &&
                         static_cast<double>(sum + most_rest_[linears]) >=
                             problem_.target - problem_.tolerance - 1);
  }

  void Extend(int linear) {
    Layer& from = layers_.back();
    Layer to;
    int64_t least_sum = std::numeric_limits<int64_t>::max();
    int64_t most_sum = std::numeric_limits<int64_t>::min();
    for (size_t i = 0; i < from.costs.size(); ++i) {
      if (from.costs[i] == kInfinity) continue;
      least_sum = std::min(least_sum, from.sums[i]);
      most_sum = std::max(most_sum, from.sums[i]);
    }
    if (least_sum <= most_sum) {
      const std::vector<int>& allowed = allowed_[linear];
      to.first_bin =
          FloorDivide(least_sum + problem_.SumOf(linear, allowed.front()), problem_.bin_width);
      const int64_t last_bin =
          FloorDivide(most_sum + problem_.SumOf(linear, allowed.back()), problem_.bin_width);
      to.Resize(last_bin - to.first_bin + 1);
      for (const int level : allowed) AddLevel(linear, level, from, &to);
    }
    if (keep_all_) {
      layers_.clear();
    } else {
      from.ForgetSums();
    }
    layers_.push_back(std::move(to));
  }

  void AddLevel(int linear, int level, const Layer& from, Layer* to) const {
    const double added_cost = costs_.at(linear, level);
    const int64_t added_sum = problem_.SumOf(linear, level);
    for (size_t i = 0; i < from.costs.size(); ++i) {
      const double cost = from.costs[i] + added_cost;
      if (cost == kInfinity || cost > bound_) continue;
      const int64_t sum = from.sums[i] + added_sum;
      if (!CanFit(sum, linear + 1)) continue;
      const int64_t place = FloorDivide(sum, problem_.bin_width) - to->first_bin;
      if (cost >= to->costs[place]) continue;
      to->costs[place] = cost;
      to->sums[place] = sum;
      to->parents[place] = static_cast<int32_t>(i);
      to->levels[place] = static_cast<uint8_t>(level);
    }
  }

  const Problem& problem_;
  const ReducedCosts& costs_;
  double bound_;
  bool keep_all_;  // keeps every sum, to find the nearest one; no choice can be traced back then
  std::vector<std::vector<int>> allowed_;
  std::vector<int64_t> least_rest_;
  std::vector<int64_t> most_rest_;
  std::vector<Layer> layers_;
};

absl::Status Check(std::span<const int64_t> parameters, std::span<const double> wanted) {
  if (parameters.empty() || parameters.size() != wanted.size()) {
    return absl::InvalidArgumentError(
        fmt::format("expected a sparsity for each of {} linears, at least one, found {}",
                    parameters.size(), wanted.size()));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i] <= 0) {
      return absl::InvalidArgumentError(
          fmt::format("linear {}: expected at least one parameter, found {}", i, parameters[i]));
    }
    // The comparisons are written so that NaN fails.
    if (!(wanted[i] >= 0 && wanted[i] < 1)) {
      return absl::InvalidArgumentError(fmt::format(
          "linear {}: expected a sparsity of at least 0 and below 1, found {}", i, wanted[i]));
    }
  }
  return absl::OkStatus();
}

Problem ProblemOf(const LevelGrid& grid, std::span<const int64_t> parameters,
                  std::span<const double> wanted, double tolerance) {
  Problem problem{grid, wanted, {}};
  int64_t divisor = 0;
  for (const int64_t size : parameters) divisor = std::gcd(divisor, size);
  const auto denominator = static_cast<double>(grid.denominator());
  for (size_t i = 0; i < parameters.size(); ++i) {
    problem.sizes.push_back(parameters[i] / divisor);
    const auto size = static_cast<double>(problem.sizes.back());
    problem.weight += size;
    problem.target += size * wanted[i] * denominator;
  }
  problem.tolerance = tolerance * problem.weight * denominator;
  problem.bin_width =
      std::max<int64_t>(1, static_cast<int64_t>(problem.tolerance / kBinsOfTolerance));
  return problem;
}

LevelChoice ChoiceOf(const Problem& problem, std::vector<int> levels) {
  LevelChoice choice;
  int64_t sum = 0;
  for (int linear = 0; linear < problem.linears(); ++linear) {
    const double distance = problem.grid.level(levels[linear]) - problem.wanted[linear];
    choice.squared_distance += static_cast<double>(problem.sizes[linear]) * distance * distance;
    sum += problem.SumOf(linear, levels[linear]);
  }
  choice.squared_distance /= problem.weight;
  choice.mean = problem.MeanOf(static_cast<double>(sum));
  choice.mean_wanted = problem.MeanOf(problem.target);
  choice.levels = std::move(levels);
  return choice;
}

absl::Status NoneFits(const Problem& problem, const ReducedCosts& costs) {
  const Search everything(problem, costs, kInfinity, /*keep_all=*/true);
  return absl::OutOfRangeError(fmt::format(
      "expected levels whose mean is within {:g} of the wanted sparsity {:.6f}; the nearest mean "
      "that the {} levels can have is {:.6f}: build a finer grid, or ask for that sparsity",
      problem.MeanOf(problem.tolerance), problem.MeanOf(problem.target), problem.grid.size(),
      problem.MeanOf(static_cast<double>(everything.NearestSumFound()))));
}

}  // namespace

absl::StatusOr<LevelChoice> ChooseLevels(const LevelGrid& grid, std::span<const int64_t> parameters,
                                         std::span<const double> wanted, double tolerance) {
  STRATA_RETURN_IF_ERROR(Check(parameters, wanted));
  const Problem problem = ProblemOf(grid, parameters, wanted, tolerance);
  if (problem.Fits(NearestSum(problem, 0))) {
    std::vector<int> levels;
    for (const double sparsity : wanted) levels.push_back(Nearest(grid, sparsity));
    return ChoiceOf(problem, std::move(levels));
  }
  const double shift = BalancingShift(problem);
  const ReducedCosts costs(problem, shift);
  // The squared distance of a choice is its reduced cost, plus `slope` for each unit of its sum,
  // plus a constant. The sums of choices that fit lie within the tolerance.
  const double slope = 2 * shift / static_cast<double>(grid.denominator());
  const double slack = 2 * std::fabs(slope) * problem.tolerance;
  double bound = std::min(costs.SmallBound() + slack, costs.total());
  while (true) {
    const Search search(problem, costs, bound, /*keep_all=*/false);
    const std::optional<Search::Found> found = search.Best(slope);
    const bool complete = bound >= costs.total();
    if (found.has_value() && (complete || found->reduced_cost + slack <= bound)) {
      return ChoiceOf(problem, found->levels);
    }
    if (!found.has_value() && complete) return NoneFits(problem, costs);
    // Every better choice lies within this bound.
    const double wider = found.has_value() ? found->reduced_cost + slack : 4 * bound + slack;
    constexpr double kRounding = 1e-9;
    bound = std::min(std::max(wider, bound) * (1 + kRounding) + kRounding * costs.base(),
                     costs.total());
  }
}

}  // namespace strata::pruning
