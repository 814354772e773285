#include "pruning/global_threshold.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "pruning/ordered_values.h"

namespace strata::pruning {
namespace {

constexpr size_t kBuckets = size_t{1} << 16;
// Values counted by one thread at a time. Clearing its 65,536 counts is little work in comparison.
constexpr int64_t kGrain = int64_t{1} << 20;

// Adds one to counts[bucket of bits] for every value with keep(bits).
template <typename Keep>
void CountBuckets(std::span<const float> values, Keep keep, int shift,
                  std::vector<int64_t>* counts) {
  std::mutex mutex;
  at::parallel_for(0, static_cast<int64_t>(values.size()), kGrain, [&](int64_t begin, int64_t end) {
    std::vector<int64_t> local(kBuckets);
    for (int64_t i = begin; i < end; ++i) {
      const uint32_t bits = OrderedBits(values[i]);
      if (keep(bits)) ++local[(bits >> shift) & (kBuckets - 1)];
    }
    const std::lock_guard<std::mutex> lock(mutex);
    for (size_t i = 0; i < kBuckets; ++i) (*counts)[i] += local[i];
  });
}

// Returns the bucket that holds the element of 1-based place `rank`, and the number of elements
// before that bucket. `smaller` elements come before the first bucket.
std::pair<uint32_t, int64_t> BucketOf(const std::vector<int64_t>& counts, int64_t rank,
                                      int64_t smaller) {
  uint32_t bucket = 0;
  while (bucket + 1 < kBuckets && smaller + counts[bucket] < rank) smaller += counts[bucket++];
  return {bucket, smaller};
}

}  // namespace

GlobalThreshold::GlobalThreshold(std::vector<double> probabilities, int units)
    : probabilities_(std::move(probabilities)),
      elements_(units),
      high_(kBuckets),
      thresholds_(probabilities_.size()) {
  for (Threshold& threshold : thresholds_) threshold.units.resize(units);
}

void GlobalThreshold::Add(int pass, int unit, std::span<const float> values) {
  if (pass == 0) {
    elements_[unit] = static_cast<int64_t>(values.size());
    CountBuckets(
        values, [](uint32_t) { return true; }, 16, &high_);
    return;
  }
  for (Threshold& threshold : thresholds_) {
    if (pass == 1) {
      const uint32_t high = threshold.bits >> 16;
      CountBuckets(
          values, [high](uint32_t bits) { return bits >> 16 == high; }, 0, &threshold.bucket);
      continue;
    }
    Counts counts;
    for (const float value : values) {
      const uint32_t bits = OrderedBits(value);
      counts.less += bits < threshold.bits;
      counts.equal += bits == threshold.bits;
    }
    threshold.units[unit] = counts;
  }
}

void GlobalThreshold::EndPass(int pass) {
  const int64_t total = std::accumulate(elements_.begin(), elements_.end(), int64_t{0});
  for (size_t i = 0; i < thresholds_.size(); ++i) {
    Threshold& threshold = thresholds_[i];
    if (pass == 0) {
      threshold.rank = std::llround(probabilities_[i] * static_cast<double>(total));
      const auto [bucket, smaller] = BucketOf(high_, threshold.rank, 0);
      threshold.bits = bucket << 16;
      threshold.smaller = smaller;
      threshold.bucket.resize(kBuckets);
    } else if (pass == 1) {
      const auto [bucket, smaller] = BucketOf(threshold.bucket, threshold.rank, threshold.smaller);
      threshold.bits |= bucket;
      threshold.smaller = smaller;
      threshold.equal = threshold.bucket[bucket];
    }
  }
}

double GlobalThreshold::Share(size_t index, int unit) const {
  const Threshold& threshold = thresholds_[index];
  if (threshold.rank == 0) return 0;
  const Counts& counts = threshold.units[unit];
  const double part = static_cast<double>(threshold.rank - threshold.smaller) /
                      static_cast<double>(threshold.equal);
  return (static_cast<double>(counts.less) + static_cast<double>(counts.equal) * part) /
         static_cast<double>(elements_[unit]);
}

}  // namespace strata::pruning
