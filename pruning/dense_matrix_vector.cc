#include "pruning/dense_matrix_vector.h"

#include <cassert>

#include "pruning/bfloat16_bits.h"
#include "pruning/dense_matrix_vector_kernels.h"

namespace strata::pruning {
namespace {

float ToFloat(float value) { return value; }
float ToFloat(uint16_t bits) { return FromBFloat16Bits(bits); }

template <typename Value>
void MultiplyScalar(const DenseMatrix<Value>& matrix, const float* x, float* y, int64_t first_row,
                    int64_t last_row) {
  constexpr int64_t kSums = 8;
  for (int64_t row = first_row; row < last_row; ++row) {
    const Value* weights = matrix.weights + row * matrix.columns;
    float sums[kSums] = {};
    const int64_t whole = matrix.columns - matrix.columns % kSums;
    for (int64_t i = 0; i < whole; i += kSums) {
      for (int64_t k = 0; k < kSums; ++k) sums[k] += ToFloat(weights[i + k]) * x[i + k];
    }
    for (int64_t i = whole; i < matrix.columns; ++i) sums[0] += ToFloat(weights[i]) * x[i];
    float sum = 0;
    for (const float part : sums) sum += part;
    y[row] = sum;
  }
}

template <typename Value>
void Multiply(const DenseMatrix<Value>& matrix, std::span<const float> x, std::span<float> y,
              int64_t first_row, int64_t last_row, InstructionSet set) {
  assert(static_cast<int64_t>(x.size()) == matrix.columns);
  assert(static_cast<int64_t>(y.size()) == matrix.rows);
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) {
    return MultiplyDenseAvx512(matrix, x.data(), y.data(), first_row, last_row);
  }
  if (set == InstructionSet::kAvx2) {
    return MultiplyDenseAvx2(matrix, x.data(), y.data(), first_row, last_row);
  }
#endif
  MultiplyScalar(matrix, x.data(), y.data(), first_row, last_row);
}

}  // namespace

void MultiplyDense(const DenseMatrix<float>& matrix, std::span<const float> x, std::span<float> y,
                   int64_t first_row, int64_t last_row, InstructionSet set) {
  Multiply(matrix, x, y, first_row, last_row, set);
}

void MultiplyDense(const DenseMatrix<uint16_t>& matrix, std::span<const float> x,
                   std::span<float> y, int64_t first_row, int64_t last_row, InstructionSet set) {
  Multiply(matrix, x, y, first_row, last_row, set);
}

uint64_t ReadAll(std::span<const uint64_t> words, InstructionSet set) {
  uint64_t result = 0;
  size_t read = 0;
#if defined(__x86_64__)
  const auto blocks = static_cast<int64_t>(words.size() / 64);
  if (set != InstructionSet::kScalar) {
    result = set == InstructionSet::kAvx512 ? ReadBlocksAvx512(words.data(), blocks)
                                            : ReadBlocksAvx2(words.data(), blocks);
    read = static_cast<size_t>(blocks) * 64;
  }
#endif
  for (; read < words.size(); ++read) result ^= words[read];
  return result;
}

}  // namespace strata::pruning
