// Sorts units by their values. The time hardly depends on the order of the values. Only the
// constructor of KernelScratch allocates. Private to expr/.
#ifndef STRATA_EXPR_UNIT_ORDER_H_
#define STRATA_EXPR_UNIT_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace strata::expr {

// A unit in the order of some values. Keys compare as the values do.
struct OrderedUnit {
  uint64_t key;
  uint32_t unit;
};

// Memory in which kernels work. Its contents mean nothing between calls. Must not be used by two
// threads at once.
class KernelScratch {
 public:
  explicit KernelScratch(size_t units);

  // Returns room for one value for each of `units` units, at most as many as the constructor was
  // given.
  std::span<double> Values(size_t units) { return std::span(values_).first(units); }

 private:
  friend std::span<const OrderedUnit> AscendingOrder(std::span<const double> x,
                                                     KernelScratch& scratch);
  std::vector<double> values_;
  std::vector<OrderedUnit> order_;
  std::vector<uint64_t> packed_;  // two arrays, each as long as a power of two
};

// Returns the units in ascending order of their values, and in order of index among equal values.
// The span is valid until the scratch is used again. Two units have equal keys if and only if their
// values are equal. NaN counts as smaller than every number and as equal to itself. Both zeros are
// equal.
std::span<const OrderedUnit> AscendingOrder(std::span<const double> x, KernelScratch& scratch);

}  // namespace strata::expr

#endif  // STRATA_EXPR_UNIT_ORDER_H_
