#include "expr/allocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "expr/grammar.h"

namespace strata::expr {
namespace {

constexpr double kMeanTolerance = 1e-12;

double Clamped(double wanted, double shift, const AllocationTarget& target) {
  return std::clamp(wanted + shift, target.minimum, target.maximum);
}

Allocation Shifted(const std::vector<double>& wanted, double shift,
                   const AllocationTarget& target) {
  Allocation allocation;
  for (const double value : wanted) allocation.push_back(Clamped(value, shift, target));
  return allocation;
}

// Parameter-weighted mean of the shifted allocation, and its slope in the shift.
struct WeightedMean {
  double value;
  double slope;
};

WeightedMean MeanAt(const std::vector<double>& wanted, const std::vector<double>& weights,
                    double shift, const AllocationTarget& target) {
  WeightedMean mean{0, 0};
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double value = wanted[i] + shift;
    if (value > target.minimum && value < target.maximum) mean.slope += weights[i];
    mean.value += weights[i] * Clamped(wanted[i], shift, target);
  }
  return mean;
}

struct Solution {
  double shift;
  double error;  // distance of the mean from the target
};

// At `low` every unit is at its minimum, at `high` at its maximum; the mean grows in between,
// piecewise linearly. A Newton step lands exactly on the answer once the right piece is found; it
// is taken where it stays in the bracket, and the bracket is halved where it does not.
Solution Solve(const std::vector<double>& wanted, const std::vector<double>& weights,
               const AllocationTarget& target) {
  const auto [smallest, largest] = std::minmax_element(wanted.begin(), wanted.end());
  double low = target.minimum - *largest;
  double high = target.maximum - *smallest;
  double shift = low < 0 && high > 0 ? 0.0 : low / 2 + high / 2;
  Solution best{shift, std::numeric_limits<double>::infinity()};
  constexpr int kSteps = 200;  // 1e30 halved 200 times is below every rounding error
  for (int step = 0; step < kSteps; ++step) {
    const WeightedMean mean = MeanAt(wanted, weights, shift, target);
    const double error = mean.value - target.sparsity;
    if (std::fabs(error) < best.error) best = {shift, std::fabs(error)};
    if (best.error < 2e-15) break;
    (error < 0 ? low : high) = shift;
    const double newton = mean.slope > 0 ? shift - error / mean.slope : low;
    const double next = newton > low && newton < high ? newton : low / 2 + high / 2;
    if (next == shift || next <= low || next >= high) break;
    shift = next;
  }
  return best;
}

absl::Status CheckProjection(const std::vector<double>& wanted,
                             const std::vector<int64_t>& parameters) {
  if (wanted.empty() || wanted.size() != parameters.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "expected one wanted sparsity for each of the {} units (at least one), found {}",
        parameters.size(), wanted.size()));
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!std::isfinite(wanted[i])) {
      return absl::InvalidArgumentError(
          fmt::format("unit {}: expected a finite sparsity, found {}", i, FormatNumber(wanted[i])));
    }
    if (parameters[i] <= 0) {
      return absl::InvalidArgumentError(fmt::format(
          "unit {}: expected a positive number of weights, found {}", i, parameters[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateTarget(const AllocationTarget& target) {
  // Written so that NaN fails.
  if (!(target.sparsity > 0 && target.sparsity < 1)) {
    return absl::InvalidArgumentError(fmt::format(
        "expected a target sparsity between 0 and 1, found {}", FormatNumber(target.sparsity)));
  }
  if (!(target.minimum >= 0 && target.minimum <= target.maximum && target.maximum < 1)) {
    return absl::InvalidArgumentError(
        fmt::format("expected bounds 0 <= minimum <= maximum < 1, found [{}, {}]",
                    FormatNumber(target.minimum), FormatNumber(target.maximum)));
  }
  if (target.sparsity < target.minimum || target.sparsity > target.maximum) {
    return absl::FailedPreconditionError(fmt::format(
        "no allocation within [{}, {}] has the mean sparsity {}", FormatNumber(target.minimum),
        FormatNumber(target.maximum), FormatNumber(target.sparsity)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Allocation> Project(const std::vector<double>& wanted,
                                   const std::vector<int64_t>& parameters,
                                   const AllocationTarget& target) {
  absl::Status status = ValidateTarget(target);
  if (!status.ok()) return status;
  status = CheckProjection(wanted, parameters);
  if (!status.ok()) return status;
  double total = 0;
  for (const int64_t count : parameters) total += static_cast<double>(count);
  std::vector<double> weights;
  for (const int64_t count : parameters) weights.push_back(static_cast<double>(count) / total);

  Solution solution = Solve(wanted, weights, target);
  if (solution.error <= kMeanTolerance) return Shifted(wanted, solution.shift, target);
  // The wanted values are so large that adding the shift rounds the answer away. Only differences
  // count, so measure them from the unit that lands nearest to the target.
  const auto nearest = std::min_element(wanted.begin(), wanted.end(), [&](double a, double b) {
    return std::fabs(a + solution.shift - target.sparsity) <
           std::fabs(b + solution.shift - target.sparsity);
  });
  std::vector<double> differences;
  for (const double value : wanted) differences.push_back(value - *nearest);
  solution = Solve(differences, weights, target);
  if (solution.error <= kMeanTolerance) return Shifted(differences, solution.shift, target);
  return absl::FailedPreconditionError(
      fmt::format("no common shift gives the mean sparsity {}: the wanted values differ by more "
                  "than double precision can hold",
                  FormatNumber(target.sparsity)));
}

double MeanSparsity(const Allocation& allocation, const std::vector<int64_t>& parameters) {
  double zeros = 0;
  double total = 0;
  for (size_t i = 0; i < allocation.size(); ++i) {
    zeros += allocation[i] * static_cast<double>(parameters[i]);
    total += static_cast<double>(parameters[i]);
  }
  return zeros / total;
}

std::string QuantizedKey(const Allocation& allocation) {
  std::string key;
  for (const double value : allocation) {
    key += fmt::format("{}{}", key.empty() ? "" : ",", std::llround(value * 1e5));
  }
  return key;
}

}  // namespace strata::expr
