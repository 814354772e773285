#include "pruning/ordered_values.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace strata::pruning {
namespace {

constexpr int kDigitBits = 11;
constexpr int kDigits = 3;
constexpr uint32_t kDigitMask = (1u << kDigitBits) - 1;

float FromOrderedBits(uint32_t ordered) {
  const uint32_t bits = (ordered >> 31) != 0 ? ordered & 0x7FFFFFFFu : ~ordered;
  return std::bit_cast<float>(bits);
}

}  // namespace

void SortAscending(std::vector<float>& values) {
  std::vector<uint32_t> keys(values.size());
  std::vector<uint32_t> moved(values.size());
  std::array<std::array<size_t, kDigitMask + 1>, kDigits> places = {};
  for (size_t i = 0; i < values.size(); ++i) {
    keys[i] = OrderedBits(values[i]);
    for (int digit = 0; digit < kDigits; ++digit) {
      ++places[digit][keys[i] >> (kDigitBits * digit) & kDigitMask];
    }
  }
  for (int digit = 0; digit < kDigits; ++digit) {
    size_t next = 0;
    for (size_t& place : places[digit]) next += std::exchange(place, next);
    for (const uint32_t key : keys) {
      moved[places[digit][key >> (kDigitBits * digit) & kDigitMask]++] = key;
    }
    keys.swap(moved);
  }
  std::transform(keys.begin(), keys.end(), values.begin(), FromOrderedBits);
}

double QuantileOfSorted(std::span<const float> ascending, double p) {
  if (std::isnan(ascending.back())) return std::numeric_limits<double>::quiet_NaN();
  const double place = p * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<size_t>(std::floor(place));
  const auto above = std::min(below + 1, ascending.size() - 1);
  const double low = ascending[below];
  const double high = ascending[above];
  const double fraction = place - static_cast<double>(below);
  // The difference of equal infinities would be NaN.
  if (fraction == 0.0 || low == high) return low;
  return low + fraction * (high - low);
}

double GiniOfSorted(std::span<const float> ascending) {
  const size_t count = ascending.size();
  // Magnitudes grow to both sides, starting from the first element that is not negative.
  auto right = static_cast<size_t>(
      std::find_if(ascending.begin(), ascending.end(), [](float x) { return !(x < 0.0f); }) -
      ascending.begin());
  size_t left = right;  // negative elements not yet taken
  double weighted = 0;
  double sum = 0;
  for (size_t i = 1; i <= count; ++i) {
    const bool take_left = left > 0 && (right == count || -ascending[left - 1] <= ascending[right]);
    const double magnitude = take_left ? -ascending[--left] : ascending[right++];
    weighted += (2.0 * static_cast<double>(i) - static_cast<double>(count) - 1.0) * magnitude;
    sum += magnitude;
  }
  return weighted / (static_cast<double>(count) * sum);
}

}  // namespace strata::pruning
