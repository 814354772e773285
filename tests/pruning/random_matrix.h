// Random matrices for tests of products, and exact products to compare with.
#ifndef STRATA_TESTS_PRUNING_RANDOM_MATRIX_H_
#define STRATA_TESTS_PRUNING_RANDOM_MATRIX_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "pruning/bfloat16_bits.h"

namespace strata::pruning {

template <typename Value>
Value StoredAs(float value) {
  if constexpr (std::is_same_v<Value, float>) {
    return value;
  } else {
    return BFloat16Bits(value);
  }
}

inline double Number(float value) { return value; }
inline double Number(uint16_t bits) { return FromBFloat16Bits(bits); }

// Returns a uniform number in (-1, 1).
inline float RandomNumber(std::mt19937& generator) {
  return static_cast<float>(generator()) / 2147483648.0f - 1.0f;
}

inline std::vector<float> RandomVector(int64_t size, std::mt19937& generator) {
  std::vector<float> vector(static_cast<size_t>(size));
  for (float& entry : vector) entry = RandomNumber(generator);
  return vector;
}

// Returns a matrix in which about one weight in `one_in` is not zero. If `one_in` is 0, all are
// zero.
template <typename Value>
std::vector<Value> RandomMatrix(int64_t size, uint32_t one_in, std::mt19937& generator) {
  std::vector<Value> weights(static_cast<size_t>(size));
  for (Value& weight : weights) {
    const float value = RandomNumber(generator);
    const bool kept = one_in != 0 && generator() % one_in == 0;
    weight = StoredAs<Value>(kept ? value : 0.0f);
  }
  return weights;
}

// The product in double precision, and for every row the sum of the magnitudes of its terms.
// Rounding errors are proportional to that sum.
struct ExactProduct {
  std::vector<double> values;
  std::vector<double> magnitudes;
};

template <typename Value>
ExactProduct MultiplyExactly(std::span<const Value> weights, int64_t rows, int64_t columns,
                             std::span<const float> x) {
  ExactProduct product;
  for (int64_t row = 0; row < rows; ++row) {
    double value = 0;
    double magnitude = 0;
    for (int64_t column = 0; column < columns; ++column) {
      const double term = Number(weights[row * columns + column]) * x[column];
      value += term;
      magnitude += std::abs(term);
    }
    product.values.push_back(value);
    product.magnitudes.push_back(magnitude);
  }
  return product;
}

}  // namespace strata::pruning

#endif  // STRATA_TESTS_PRUNING_RANDOM_MATRIX_H_
