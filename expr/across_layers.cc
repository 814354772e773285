#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

#include "expr/kernels.h"

namespace strata::expr {
namespace {

std::vector<double> Ranks(std::span<const double> x) {
  std::vector<double> out = Places(x);
  for (double& value : out) value = x.size() < 2 ? 0.0 : value / static_cast<double>(x.size() - 1);
  return out;
}

// Of the min-max scaled values: the same by definition, and without overflow.
std::vector<double> ZScore(std::span<const double> x) {
  std::vector<double> out = MinMax(x);
  const double mean = Mean(out);
  double squares = 0;
  for (double& value : out) {
    value -= mean;
    squares += value * value;
  }
  const double deviation = std::sqrt(squares / static_cast<double>(x.size()));
  for (double& value : out) value = deviation == 0 ? 0.0 : value / deviation;
  return out;
}

std::vector<double> SuffixMean(std::span<const double> x) {
  std::vector<double> out(x.size());
  double sum = 0;
  for (size_t i = x.size(); i-- > 0;) {
    sum += x[i];
    out[i] = sum / static_cast<double>(x.size() - i);
  }
  return out;
}

std::vector<double> Reverse(std::span<const double> x) { return {x.rbegin(), x.rend()}; }

std::vector<double> Softmax(std::span<const double> x) {
  std::vector<double> out(x.begin(), x.end());
  const double maximum = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (double& value : out) {
    value = std::exp(value - maximum);
    sum += value;
  }
  for (double& value : out) value /= sum;
  return out;
}

std::vector<double> Smooth(std::span<const double> x) {
  std::vector<double> out(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t first = i == 0 ? 0 : i - 1;
    const size_t last = std::min(i + 1, x.size() - 1);
    out[i] = Mean(x.subspan(first, last - first + 1));
  }
  return out;
}

std::vector<double> CumulativeSum(std::span<const double> x) {
  std::vector<double> out(x.size());
  std::partial_sum(x.begin(), x.end(), out.begin());
  return out;
}

struct NamedKernel {
  std::string_view name;
  AcrossLayersKernel kernel;
};

constexpr NamedKernel kKernels[] = {
    {"minmax", MinMax},   {"ranks", Ranks},     {"zscore", ZScore}, {"suffixmean", SuffixMean},
    {"reverse", Reverse}, {"softmax", Softmax}, {"smooth", Smooth}, {"cumsum", CumulativeSum},
};

// NaN first, then ascending.
bool Before(double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; }

}  // namespace

double Mean(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

std::vector<double> MinMax(std::span<const double> x) {
  double minimum = x[0];
  double maximum = x[0];
  for (const double value : x) {
    if (std::isnan(value)) return std::vector<double>(x.size(), value);
    minimum = std::min(minimum, value);
    maximum = std::max(maximum, value);
  }
  std::vector<double> out(x.size(), 0.0);
  if (minimum == maximum) return out;
  // Halving is exact for numbers so large that their difference overflows.
  const bool overflows =
      std::isinf(maximum - minimum) && !std::isinf(maximum) && !std::isinf(minimum);
  const double scale = overflows ? 0.5 : 1.0;
  const double range = maximum * scale - minimum * scale;
  for (size_t i = 0; i < x.size(); ++i) out[i] = (x[i] * scale - minimum * scale) / range;
  return out;
}

std::vector<double> Places(std::span<const double> x) {
  std::vector<size_t> order(x.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&x](size_t a, size_t b) {
    return Before(x[a], x[b]) || (!Before(x[b], x[a]) && a < b);
  });
  std::vector<double> places(x.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last + 1 < order.size() && !Before(x[order[first]], x[order[last + 1]])) ++last;
    const double place = 0.5 * static_cast<double>(first + last);
    for (size_t k = first; k <= last; ++k) places[order[k]] = place;
    first = last + 1;
  }
  return places;
}

AcrossLayersKernel AcrossLayersKernelOf(OperatorId id) {
  static const std::vector<AcrossLayersKernel> table = [] {
    std::vector<AcrossLayersKernel> kernels(Operators().size(), nullptr);
    for (const auto& [name, kernel] : kKernels) kernels[static_cast<size_t>(IdOf(name))] = kernel;
    return kernels;
  }();
  return table[static_cast<size_t>(id)];
}

}  // namespace strata::expr
