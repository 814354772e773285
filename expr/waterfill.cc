#include "expr/waterfill.h"

#include <algorithm>

namespace strata::expr {

void Waterfill(std::span<const double> x, std::span<const double> weights, double mean, double low,
               double high, KernelScratch& scratch, std::span<double> out) {
  const std::span<const OrderedUnit> order = AscendingOrder(x, scratch);
  // Sparsity that is still to be given out, beyond `low` everywhere.
  double left = 0;
  for (const double weight : weights) left += weight * (mean - low);
  std::fill(out.begin(), out.end(), low);
  for (size_t last = order.size(); last > 0 && left > 0;) {
    // Units with equal x share it equally, because nothing distinguishes them.
    size_t first = last;
    double capacity = 0;
    for (; first > 0 && order[first - 1].key == order[last - 1].key; --first) {
      capacity += weights[order[first - 1].unit] * (high - low);
    }
    const double value = capacity > left ? low + left / capacity * (high - low) : high;
    for (; last > first; --last) out[order[last - 1].unit] = value;
    left -= capacity;
  }
}

}  // namespace strata::expr
