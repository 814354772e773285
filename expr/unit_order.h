// Sorting units by their values, in time that does not depend on the values' order. Private to
// expr/; nothing here allocates but the constructor of KernelScratch.
#ifndef STRATA_EXPR_UNIT_ORDER_H_
#define STRATA_EXPR_UNIT_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace strata::expr {

// A unit's place in the order of some values. Keys compare as the values do.
struct OrderedUnit {
  uint64_t key;
  uint32_t unit;
};

// Memory that kernels work in. Contents mean nothing between calls. Not for use by two threads at
// once.
class KernelScratch {
 public:
  explicit KernelScratch(size_t units);

  // One value for each of `units`, at most as many as the constructor was given.
  std::span<double> Values(size_t units) { return std::span(values_).first(units); }

 private:
  friend std::span<const OrderedUnit> AscendingOrder(std::span<const double> x,
                                                     KernelScratch& scratch);
  std::vector<double> values_;
  std::vector<OrderedUnit> order_;
  std::vector<uint64_t> packed_;  // two arrays of a power of two
};

// Units in ascending order of their values, and by index among equal ones; valid until the scratch
// is used again. Equal values, and only they, have equal keys; NaN counts as smaller than every
// number and equal to itself, and both zeros are equal.
std::span<const OrderedUnit> AscendingOrder(std::span<const double> x, KernelScratch& scratch);

}  // namespace strata::expr

#endif  // STRATA_EXPR_UNIT_ORDER_H_
