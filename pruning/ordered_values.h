// Floats in the order of their values: as integers that sort alike, and sorted.
#ifndef STRATA_PRUNING_ORDERED_VALUES_H_
#define STRATA_PRUNING_ORDERED_VALUES_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "pruning/vector_clones.h"

namespace strata::pruning {

// An integer that is smaller for the smaller value. Both zeros have the same; NaN, of either sign,
// has the largest.
STRATA_INLINE_BODY uint32_t OrderedBits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value + 0.0f);  // -0 + 0 is +0
  const uint32_t flipped = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return (bits & 0x7FFFFFFFu) > 0x7F800000u ? 0xFFFFFFFFu : flipped;
}

// Ascending, NaN last. Linear time (radix sort, 11 bits at a time); needs 8 bytes a value besides.
void SortAscending(std::vector<float>& values);

// Of `ascending` values, at least one, the one at place p (n - 1) counted from 0, interpolated
// linearly in double (torch.quantile's default). NaN if a value is NaN.
double QuantileOfSorted(std::span<const float> ascending, double p);

// Gini coefficient of the magnitudes of `ascending` values: sum over i of (2i - n - 1) a_i /
// (n sum of a), a = |x| in ascending order, i = 1..n. NaN if all are 0, or one is NaN or infinite.
double GiniOfSorted(std::span<const float> ascending);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_ORDERED_VALUES_H_
