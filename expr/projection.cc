#include "expr/projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "expr/grammar.h"

namespace strata::expr {
namespace {

constexpr double kMeanTolerance = 1e-12;
// Error that rounding alone leaves in a mean of values below 1.
constexpr double kRounding = 2e-15;

double Clamped(double value, const AllocationTarget& target) {
  return value < target.minimum ? target.minimum : value > target.maximum ? target.maximum : value;
}

// Maps doubles to integers in the same order, without gaps.
int64_t Ordinal(double value) {
  const int64_t bits = std::bit_cast<int64_t>(value);
  return bits < 0 ? std::numeric_limits<int64_t>::min() - bits : bits;
}

// Returns the double in the middle between two others, by the number of doubles in between. Halving
// an interval in this way ends after 64 steps, whatever the numbers are.
double Between(double low, double high) {
  const int64_t middle = std::midpoint(Ordinal(low), Ordinal(high));
  return std::bit_cast<double>(middle < 0 ? std::numeric_limits<int64_t>::min() - middle : middle);
}

// A weighted mean, and its derivative by the variable on which the values depend.
struct MeanAndSlope {
  double mean = 0;
  double slope = 0;
};

// Wanted values that move by a common shift t.
struct Shifted {
  std::span<const double> wanted;
  double At(size_t i, double t) const { return wanted[i] + t; }
  double Slope(size_t) const { return 1; }
};

// Values that are a common base plus t times a slope each.
struct Scaled {
  double base;
  std::span<const double> slopes;
  double At(size_t i, double t) const { return base + t * slopes[i]; }
  double Slope(size_t i) const { return slopes[i]; }
};

template <typename Values>
MeanAndSlope MeanAt(const Values& values, std::span<const double> weights, double t,
                    const AllocationTarget& target) {
  MeanAndSlope result;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double value = values.At(i, t);
    const bool inside = value > target.minimum && value < target.maximum;
    result.slope += inside ? weights[i] * values.Slope(i) : 0.0;
    result.mean += weights[i] * Clamped(value, target);
  }
  return result;
}

struct Solution {
  double t;
  double error;  // distance of the mean from the target
};

// Finds the t at which the mean is the target. The mean does not fall as t grows, and it is
// piecewise linear. A Newton step lands on the answer once the right piece is found. If it leaves
// the bracket, and at every fourth step, the bracket is halved instead.
template <typename Values>
Solution Solve(const Values& values, std::span<const double> weights,
               const AllocationTarget& target, double low, double high, double start) {
  Solution best{start, std::numeric_limits<double>::infinity()};
  constexpr int kSteps = 260;  // 65 of them halve
  double t = start;
  for (int step = 1; step <= kSteps; ++step) {
    const MeanAndSlope at = MeanAt(values, weights, t, target);
    const double error = at.mean - target.sparsity;
    if (std::fabs(error) < best.error) best = {t, std::fabs(error)};
    if (best.error < kRounding) break;
    (error < 0 ? low : high) = t;
    const double newton = at.slope > 0 && step % 4 != 0 ? t - error / at.slope : low;
    t = newton > low && newton < high ? newton : Between(low, high);
    if (t <= low || t >= high) break;
  }
  return best;
}

// At the low end of the bracket every value is at the minimum, at the high end at the maximum.
Solution SolveShift(std::span<const double> wanted, std::span<const double> weights,
                    const AllocationTarget& target) {
  double smallest = wanted[0];
  double largest = wanted[0];
  for (const double value : wanted) {
    smallest = value < smallest ? value : smallest;
    largest = value > largest ? value : largest;
  }
  const double low = target.minimum - largest;
  const double high = target.maximum - smallest;
  return Solve(Shifted{wanted}, weights, target, low, high,
               low < 0 && high > 0 ? 0.0 : low / 2 + high / 2);
}

void ShiftAndClamp(std::span<double> values, double shift, const AllocationTarget& target) {
  for (double& value : values) value = Clamped(value + shift, target);
}

}  // namespace

absl::Status ProjectInPlace(std::span<double> values, std::span<const double> weights,
                            const AllocationTarget& target) {
  Solution solution = SolveShift(values, weights, target);
  if (solution.error > kMeanTolerance) {
    // The wanted values are so large that adding the shift rounds the answer away. Only differences
    // count, so the values are measured from the unit that lands nearest to the target.
    const double nearest = *std::min_element(values.begin(), values.end(), [&](double a, double b) {
      return std::fabs(a + solution.t - target.sparsity) <
             std::fabs(b + solution.t - target.sparsity);
    });
    for (double& value : values) value -= nearest;
    solution = SolveShift(values, weights, target);
  }
  if (solution.error <= kMeanTolerance) {
    ShiftAndClamp(values, solution.t, target);
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      fmt::format("no common shift gives the mean sparsity {}: the wanted values differ by more "
                  "than double precision can hold",
                  FormatNumber(target.sparsity)));
}

double FitFactor(double base, std::span<const double> slopes, std::span<const double> weights,
                 const AllocationTarget& target, double low, double high) {
  const Scaled values{base, slopes};
  if (MeanAt(values, weights, low, target).mean >= target.sparsity) return low;
  if (MeanAt(values, weights, high, target).mean <= target.sparsity) return high;
  return Solve(values, weights, target, low, high, Between(low, high)).t;
}

}  // namespace strata::expr
