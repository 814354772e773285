#include "pruning/tensor_statistics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

// Number of independent sums. A compiler may keep them in the lanes of wide registers.
constexpr int64_t kLanes = 16;

struct TwoSums {
  double first = 0;
  double second = 0;
};

// Sums first(x) and second(x) over all elements, in an order that does not depend on the
// instruction set.
template <typename First, typename Second>
STRATA_INLINE_BODY TwoSums SumBoth(const float* values, int64_t size, First first, Second second) {
  double first_lanes[kLanes] = {};
  double second_lanes[kLanes] = {};
  const int64_t whole = size - size % kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      first_lanes[lane] += first(values[i + lane]);
      second_lanes[lane] += second(values[i + lane]);
    }
  }
  TwoSums sums;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    sums.first += first_lanes[lane];
    sums.second += second_lanes[lane];
  }
  for (int64_t i = whole; i < size; ++i) {
    sums.first += first(values[i]);
    sums.second += second(values[i]);
  }
  return sums;
}

STRATA_VECTOR_CLONES TwoSums SumAndNothing(const float* values, int64_t size) {
  return SumBoth(
      values, size, [](float x) { return static_cast<double>(x); }, [](float) { return 0.0; });
}

STRATA_VECTOR_CLONES TwoSums Deviations(const float* values, int64_t size, double mean) {
  return SumBoth(
      values, size,
      [mean](float x) {
        const double deviation = static_cast<double>(x) - mean;
        return deviation * deviation;
      },
      [](float) { return 0.0; });
}

STRATA_VECTOR_CLONES TwoSums HighDeviations(const float* values, int64_t size, double mean) {
  return SumBoth(
      values, size,
      [mean](float x) {
        const double deviation = static_cast<double>(x) - mean;
        return deviation * deviation * deviation;
      },
      [mean](float x) {
        const double deviation = static_cast<double>(x) - mean;
        const double square = deviation * deviation;
        return square * square;
      });
}

STRATA_VECTOR_CLONES TwoSums AbsoluteAndSquare(const float* values, int64_t size) {
  return SumBoth(
      values, size, [](float x) { return static_cast<double>(std::fabs(x)); },
      [](float x) { return static_cast<double>(x) * static_cast<double>(x); });
}

STRATA_VECTOR_CLONES TwoSums Mass(const float* values, int64_t size) {
  return SumBoth(
      values, size, [](float x) { return x >= 0.0f ? static_cast<double>(x) : 0.0; },
      [](float x) { return x >= 0.0f ? 1.0 : 0.0; });
}

STRATA_VECTOR_CLONES int64_t CountAboveClones(const float* values, int64_t size, float threshold) {
  int64_t above = 0;
  for (int64_t i = 0; i < size; ++i) above += values[i] > threshold;
  return above;
}

void AddExtremes(std::span<const float> values, TensorStatistics* result) {
  for (const float x : values) {
    if (std::isnan(x)) {
      result->minimum = result->maximum = x;
      return;
    }
    result->minimum = std::min(result->minimum, x);
    result->maximum = std::max(result->maximum, x);
  }
}

// Returns a view of `scratch` for LibTorch's vectorised functions, which work in place.
at::Tensor Scratch(std::vector<float>& scratch) {
  return at::from_blob(scratch.data(), {static_cast<int64_t>(scratch.size())}, at::kFloat);
}

void AddLogarithms(std::span<const float> values, TensorStatistics* result) {
  std::vector<float> magnitudes(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const float x = values[i];
    result->negatives += x < 0.0f;
    result->zeros += x == 0.0f;
    result->infinities += std::isinf(x);
    result->not_numbers += std::isnan(x);
    magnitudes[i] = std::fabs(x);
  }
  Scratch(magnitudes).log_();
  result->logarithm_sum +=
      SumAndNothing(magnitudes.data(), static_cast<int64_t>(magnitudes.size())).first;
}

void AddEntropy(std::span<const float> values, double mass, TensorStatistics* result) {
  // torch.distributions clamps probabilities to float32's machine epsilon before the logarithm.
  constexpr float kSmallest = std::numeric_limits<float>::epsilon();
  std::vector<float> logarithms(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const float p = values[i] >= 0.0f ? static_cast<float>(values[i] / mass) : 0.0f;
    logarithms[i] = std::min(std::max(p, kSmallest), 1.0f - kSmallest);
  }
  Scratch(logarithms).log_();
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0.0f) sum += values[i] / mass * static_cast<double>(logarithms[i]);
  }
  result->entropy -= sum;
}

// Adds the deviations of a chunk to those of a total by the pairwise update of central moments
// (Pebay, SAND2008-6212, eq. 2.1 for each power). Reads the fields that both have before the merge.
void MergeDeviations(const TensorStatistics& chunk, TensorStatistics* total) {
  if (total->count == 0 || chunk.count == 0) {
    total->squared_deviations += chunk.squared_deviations;
    total->cubed_deviations += chunk.cubed_deviations;
    total->fourth_deviations += chunk.fourth_deviations;
    return;
  }
  const auto a = static_cast<double>(total->count);
  const auto b = static_cast<double>(chunk.count);
  const double n = a + b;
  const double shift = chunk.mean() - total->mean();
  const double square = shift * shift;
  const double a_squares = total->squared_deviations;
  const double b_squares = chunk.squared_deviations;
  const double a_cubes = total->cubed_deviations;
  const double b_cubes = chunk.cubed_deviations;
  total->squared_deviations += b_squares + square * a * b / n;
  total->cubed_deviations += b_cubes + square * shift * a * b * (a - b) / (n * n) +
                             3 * shift * (a * b_squares - b * a_squares) / n;
  total->fourth_deviations += chunk.fourth_deviations +
                              square * square * a * b * (a * a - a * b + b * b) / (n * n * n) +
                              6 * square * (a * a * b_squares + b * b * a_squares) / (n * n) +
                              4 * shift * (a * b_cubes - b * a_cubes) / n;
}

}  // namespace

double TensorStatistics::variance() const {
  return squared_deviations / static_cast<double>(count - 1);
}

TensorStatistics StatisticsOf(std::span<const float> values, unsigned groups, double mass) {
  TensorStatistics result;
  const auto size = static_cast<int64_t>(values.size());
  result.count = size;
  if (groups & kMoments) {
    result.sum = SumAndNothing(values.data(), size).first;
    result.squared_deviations = Deviations(values.data(), size, result.mean()).first;
  }
  if (groups & kHighMoments) {
    const TwoSums sums = HighDeviations(values.data(), size, result.mean());
    result.cubed_deviations = sums.first;
    result.fourth_deviations = sums.second;
  }
  if (groups & kNorms) {
    const TwoSums sums = AbsoluteAndSquare(values.data(), size);
    result.absolute_sum = sums.first;
    result.square_sum = sums.second;
  }
  if (groups & kExtremes) AddExtremes(values, &result);
  if (groups & kLogarithms) AddLogarithms(values, &result);
  if (groups & kProbabilityMass) {
    const TwoSums sums = Mass(values.data(), size);
    result.mass = sums.first;
    result.mass_count = static_cast<int64_t>(sums.second);
  }
  if (groups & kEntropy) AddEntropy(values, mass, &result);
  return result;
}

void Merge(const TensorStatistics& chunk, TensorStatistics* total) {
  MergeDeviations(chunk, total);
  total->count += chunk.count;
  total->sum += chunk.sum;
  total->absolute_sum += chunk.absolute_sum;
  total->square_sum += chunk.square_sum;
  const bool not_a_number = std::isnan(chunk.minimum) || std::isnan(total->minimum);
  if (not_a_number) {
    total->minimum = total->maximum = std::numeric_limits<float>::quiet_NaN();
  } else {
    total->minimum = std::min(total->minimum, chunk.minimum);
    total->maximum = std::max(total->maximum, chunk.maximum);
  }
  total->logarithm_sum += chunk.logarithm_sum;
  total->negatives += chunk.negatives;
  total->zeros += chunk.zeros;
  total->infinities += chunk.infinities;
  total->not_numbers += chunk.not_numbers;
  total->mass += chunk.mass;
  total->mass_count += chunk.mass_count;
  total->entropy += chunk.entropy;
}

int64_t CountAbove(std::span<const float> values, float threshold) {
  return CountAboveClones(values.data(), static_cast<int64_t>(values.size()), threshold);
}

}  // namespace strata::pruning
