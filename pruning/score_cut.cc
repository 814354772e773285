#include "pruning/score_cut.h"

#include <algorithm>
#include <bit>

#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

// Small enough that a 32-bit count, which vectorises best, can hold it.
constexpr int64_t kCountedAtOnce = int64_t{1} << 16;

STRATA_VECTOR_CLONES int64_t CountBelow(const float* __restrict scores, int64_t size,
                                        uint32_t bits) {
  int64_t below = 0;
  for (int64_t begin = 0; begin < size; begin += kCountedAtOnce) {
    const int64_t end = std::min(size, begin + kCountedAtOnce);
    int32_t found = 0;
    for (int64_t i = begin; i < end; ++i) found += std::bit_cast<uint32_t>(scores[i]) < bits;
    below += found;
  }
  return below;
}

STRATA_VECTOR_CLONES uint32_t LargestBits(const float* __restrict scores, int64_t size) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < size; ++i) {
    largest = std::max(largest, std::bit_cast<uint32_t>(scores[i]));
  }
  return largest;
}

STRATA_VECTOR_CLONES void ZeroBelow(const float* __restrict scores, int64_t size, uint32_t bits,
                                    const float* __restrict weights, float* __restrict output) {
  for (int64_t i = 0; i < size; ++i) {
    output[i] = std::bit_cast<uint32_t>(scores[i]) < bits ? 0.0f : weights[i];
  }
}

}  // namespace

ScoreCut CutBelow(std::span<const float> scores, int64_t removed) {
  const auto size = static_cast<int64_t>(scores.size());
  // At most `removed` scores have fewer bits than `low`, and at least that many fewer than `high`.
  uint32_t low = 0;
  uint32_t high = LargestBits(scores.data(), size) + 1;
  int64_t below_low = 0;
  while (below_low < removed && high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    const int64_t below = CountBelow(scores.data(), size, middle);
    if (below <= removed) {
      low = middle;
      below_low = below;
    } else {
      high = middle;
    }
  }
  return {low, removed - below_low};
}

void KeepAbove(std::span<const float> scores, const ScoreCut& cut, const float* weights,
               float* output) {
  ZeroBelow(scores.data(), static_cast<int64_t>(scores.size()), cut.bits, weights, output);
  int64_t ties = cut.ties;
  for (size_t i = 0; ties > 0; ++i) {
    if (std::bit_cast<uint32_t>(scores[i]) != cut.bits) continue;
    output[i] = 0.0f;
    --ties;
  }
}

}  // namespace strata::pruning
