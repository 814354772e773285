// Sums over the elements of a tensor from which reductions are computed. They are gathered chunk by
// chunk in double precision.
#ifndef STRATA_PRUNING_TENSOR_STATISTICS_H_
#define STRATA_PRUNING_TENSOR_STATISTICS_H_

#include <cstdint>
#include <limits>
#include <span>

namespace strata::pruning {

// Groups of sums, combined as bits. A group is gathered only if a reduction or an operator needs
// it.
enum StatisticsGroup : unsigned {
  kMoments = 1u << 0,
  kNorms = 1u << 1,
  kExtremes = 1u << 2,
  kLogarithms = 1u << 3,
  kProbabilityMass = 1u << 4,
  kEntropy = 1u << 5,      // needs kProbabilityMass of the whole tensor first
  kHighMoments = 1u << 6,  // only together with kMoments
};

// A value type. The fields of a group are meaningful only after that group was gathered.
struct TensorStatistics {
  int64_t count = 0;

  // kMoments
  double sum = 0;
  double squared_deviations = 0;  // sum of (x - mean)^2

  // kNorms
  double absolute_sum = 0;
  double square_sum = 0;

  // kExtremes; NaN if any element is NaN
  float minimum = std::numeric_limits<float>::infinity();
  float maximum = -std::numeric_limits<float>::infinity();

  // kLogarithms
  double logarithm_sum = 0;  // sum of ln|x|
  int64_t negatives = 0;
  int64_t zeros = 0;
  int64_t infinities = 0;
  int64_t not_numbers = 0;

  // kProbabilityMass, over the elements that are at least 0
  double mass = 0;
  int64_t mass_count = 0;

  // kEntropy: -sum p ln p with p = x / mass; the logarithm is clamped as in torch.distributions
  double entropy = 0;

  // kHighMoments
  double cubed_deviations = 0;   // sum of (x - mean)^3
  double fourth_deviations = 0;  // sum of (x - mean)^4

  double mean() const { return sum / static_cast<double>(count); }
  // Unbiased: divided by count - 1. NaN for a single element.
  double variance() const;
};

// Returns the statistics of one chunk. `mass` is that of the whole tensor; only kEntropy uses it.
// Thread-safe.
TensorStatistics StatisticsOf(std::span<const float> values, unsigned groups, double mass);

// Adds the statistics of a later chunk. Merging the same chunks in the same order gives the same
// bits.
void Merge(const TensorStatistics& chunk, TensorStatistics* total);

// Returns the number of elements above `threshold`.
int64_t CountAbove(std::span<const float> values, float threshold);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_TENSOR_STATISTICS_H_
