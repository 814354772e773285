#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <vector>

#include "expr/kernels.h"

namespace strata::expr {
namespace {

// The smallest and the largest of the added values. `has_nan` is set once a NaN was added.
struct Range {
  double minimum = std::numeric_limits<double>::infinity();
  double maximum = -std::numeric_limits<double>::infinity();
  bool has_nan = false;

  void Add(double value) {
    has_nan |= std::isnan(value);
    minimum = value < minimum ? value : minimum;
    maximum = value > maximum ? value : maximum;
  }
};

// The linear function that maps a range to [0, 1].
class Scaling {
 public:
  Scaling() = default;
  explicit Scaling(const Range& range) {
    if (range.has_nan) {
      factor_ = std::nan("");
      return;
    }
    if (range.minimum == range.maximum) {
      factor_ = 0;
      return;
    }
    // For numbers whose difference overflows, halving is exact because they are so large.
    if (std::isinf(range.maximum - range.minimum) && !std::isinf(range.maximum) &&
        !std::isinf(range.minimum)) {
      factor_ = 0.5;
    }
    shift_ = range.minimum * factor_;
    width_ = range.maximum * factor_ - shift_;
  }

  double operator()(double value) const {
    return factor_ == 0 ? 0.0 : (value * factor_ - shift_) / width_;
  }

 private:
  double factor_ = 1;
  double shift_ = 0;
  double width_ = 1;
};

void MinMaxAcross(std::span<const double> x, const UnitLayout&, KernelScratch&,
                  std::span<double> out) {
  MinMax(x, out);
}

void KindMinMax(std::span<const double> x, const UnitLayout& layout, KernelScratch&,
                std::span<double> out) {
  std::array<Range, kUnitKinds> ranges;
  for (size_t i = 0; i < x.size(); ++i) ranges[static_cast<size_t>(layout[i].kind)].Add(x[i]);
  std::array<Scaling, kUnitKinds> scalings;
  std::transform(ranges.begin(), ranges.end(), scalings.begin(),
                 [](const Range& range) { return Scaling(range); });
  for (size_t i = 0; i < x.size(); ++i) {
    out[i] = scalings[static_cast<size_t>(layout[i].kind)](x[i]);
  }
}

void Ranks(std::span<const double> x, const UnitLayout&, KernelScratch& scratch,
           std::span<double> out) {
  Places(x, scratch, out);
  const double last = x.size() < 2 ? 1.0 : static_cast<double>(x.size() - 1);
  for (double& value : out) value /= last;
}

void ZScoreAcross(std::span<const double> x, const UnitLayout&, KernelScratch&,
                  std::span<double> out) {
  ZScore(x, out);
}

void SuffixMean(std::span<const double> x, const UnitLayout&, KernelScratch&,
                std::span<double> out) {
  double sum = 0;
  for (size_t i = x.size(); i-- > 0;) {
    sum += x[i];
    out[i] = sum / static_cast<double>(x.size() - i);
  }
}

void Reverse(std::span<const double> x, const UnitLayout&, KernelScratch&, std::span<double> out) {
  std::reverse_copy(x.begin(), x.end(), out.begin());
}

void Softmax(std::span<const double> x, const UnitLayout&, KernelScratch&, std::span<double> out) {
  const double maximum = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    out[i] = std::exp(x[i] - maximum);
    sum += out[i];
  }
  for (double& value : out) value /= sum;
}

void Smooth(std::span<const double> x, const UnitLayout&, KernelScratch&, std::span<double> out) {
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t first = i == 0 ? 0 : i - 1;
    const size_t last = std::min(i + 1, x.size() - 1);
    out[i] = Mean(x.subspan(first, last - first + 1));
  }
}

void CumulativeSum(std::span<const double> x, const UnitLayout&, KernelScratch&,
                   std::span<double> out) {
  std::partial_sum(x.begin(), x.end(), out.begin());
}

struct NamedKernel {
  std::string_view name;
  AcrossUnitsKernel kernel;
};

constexpr NamedKernel kKernels[] = {
    {"minmax", MinMaxAcross},   {"ranks", Ranks},          {"zscore", ZScoreAcross},
    {"suffixmean", SuffixMean}, {"reverse", Reverse},      {"softmax", Softmax},
    {"smooth", Smooth},         {"cumsum", CumulativeSum}, {"kindminmax", KindMinMax},
};

}  // namespace

double Mean(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

void MinMax(std::span<const double> x, std::span<double> out) {
  Range range;
  for (const double value : x) range.Add(value);
  const Scaling scaling(range);
  for (size_t i = 0; i < x.size(); ++i) out[i] = scaling(x[i]);
}

// Works on the min-max scaled values. The result is the same by definition, without overflow.
void ZScore(std::span<const double> x, std::span<double> out) {
  MinMax(x, out);
  const double mean = Mean(out);
  double squares = 0;
  for (double& value : out) {
    value -= mean;
    squares += value * value;
  }
  const double deviation = std::sqrt(squares / static_cast<double>(x.size()));
  for (double& value : out) value = deviation == 0 ? 0.0 : value / deviation;
}

void Places(std::span<const double> x, KernelScratch& scratch, std::span<double> out) {
  const std::span<const OrderedUnit> order = AscendingOrder(x, scratch);
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last + 1 < order.size() && order[last + 1].key == order[first].key) ++last;
    const double place = 0.5 * static_cast<double>(first + last);
    for (; first <= last; ++first) out[order[first].unit] = place;
  }
}

void DensePlaces(std::span<const double> x, KernelScratch& scratch, std::span<double> out) {
  const std::span<const OrderedUnit> order = AscendingOrder(x, scratch);
  double place = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    if (k > 0 && order[k].key != order[k - 1].key) ++place;
    out[order[k].unit] = place;
  }
}

AcrossUnitsKernel AcrossUnitsKernelOf(OperatorId id) {
  static const std::vector<AcrossUnitsKernel> table = [] {
    std::vector<AcrossUnitsKernel> kernels(Operators().size(), nullptr);
    for (const auto& [name, kernel] : kKernels) kernels[static_cast<size_t>(IdOf(name))] = kernel;
    return kernels;
  }();
  return table[static_cast<size_t>(id)];
}

}  // namespace strata::expr
