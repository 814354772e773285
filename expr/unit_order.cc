#include "expr/unit_order.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace strata::expr {
namespace {

constexpr size_t kRun = 4;

size_t PaddedSize(size_t units) { return std::max(std::bit_ceil(units), kRun); }

// Returns an unsigned number that is smaller for a smaller value. NaN, of either sign, comes first.
uint64_t KeyOf(double value) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const uint64_t bits = std::bit_cast<uint64_t>(value + 0.0);  // both zeros are equal
  const uint64_t negative = ~((bits >> 63) - 1);
  const uint64_t key = bits ^ (negative | kSign);
  return value == value ? key : 0;
}

void OrderPair(uint64_t& a, uint64_t& b) {
  const uint64_t smaller = std::min(a, b);
  b = std::max(a, b);
  a = smaller;
}

void SortRun(uint64_t* run) {
  OrderPair(run[0], run[1]);
  OrderPair(run[2], run[3]);
  OrderPair(run[0], run[2]);
  OrderPair(run[1], run[3]);
  OrderPair(run[1], run[2]);
}

// Merges two sorted runs of `length` that lie together, from both ends at once. At most `length`
// numbers are taken from either run before the ends meet, so no bound needs a check, and no branch
// depends on the values.
void Merge(const uint64_t* from, size_t length, uint64_t* to) {
  size_t left = 0;
  size_t right = length;
  size_t left_last = length - 1;
  size_t right_last = 2 * length - 1;
  for (size_t k = 0; k < length; ++k) {
    const bool take_left = from[left] <= from[right];
    to[k] = take_left ? from[left] : from[right];
    left += take_left;
    right += !take_left;
    const bool take_right = from[left_last] <= from[right_last];
    to[2 * length - 1 - k] = take_right ? from[right_last] : from[left_last];
    left_last -= !take_right;
    right_last -= take_right;
  }
}

// Sorts numbers[0, size) and returns the place of the sorted numbers: `numbers` or `spare`. `size`
// is a power of two of at least kRun. `spare` has room for as many numbers.
uint64_t* MergeSort(uint64_t* numbers, uint64_t* spare, size_t size) {
  for (size_t first = 0; first < size; first += kRun) SortRun(numbers + first);
  for (size_t length = kRun; length < size; length *= 2) {
    for (size_t first = 0; first < size; first += 2 * length) {
      Merge(numbers + first, length, spare + first);
    }
    std::swap(numbers, spare);
  }
  return numbers;
}

}  // namespace

KernelScratch::KernelScratch(size_t units)
    : values_(units), order_(units), packed_(2 * PaddedSize(units)) {}

std::span<const OrderedUnit> AscendingOrder(std::span<const double> x, KernelScratch& scratch) {
  const std::span<OrderedUnit> order = std::span(scratch.order_).first(x.size());
  const size_t size = PaddedSize(x.size());
  uint64_t* const packed = scratch.packed_.data();
  // The unit replaces the lowest bits of the key, so that only one number is sorted for each unit.
  const uint64_t unit_bits = size - 1;
  for (size_t i = 0; i < x.size(); ++i) packed[i] = (KeyOf(x[i]) & ~unit_bits) | i;
  std::fill(packed + x.size(), packed + size, ~uint64_t{0});
  const uint64_t* sorted = MergeSort(packed, packed + size, size);
  bool ascending = true;
  uint64_t previous = 0;
  for (size_t k = 0; k < x.size(); ++k) {
    const auto unit = static_cast<uint32_t>(sorted[k] & unit_bits);
    const uint64_t key = KeyOf(x[unit]);
    order[k] = {key, unit};
    ascending &= previous <= key;
    previous = key;
  }
  // Only values that differ just in the replaced bits can be out of order.
  if (!ascending) {
    std::sort(order.begin(), order.end(), [](const OrderedUnit& a, const OrderedUnit& b) {
      return a.key < b.key || (a.key == b.key && a.unit < b.unit);
    });
  }
  return order;
}

}  // namespace strata::expr
