#if defined(__x86_64__)

#include <immintrin.h>

#include "pruning/bfloat16_bits.h"
#include "pruning/dense_matrix_vector_kernels.h"
#include "pruning/prefetch_distance.h"

// Functions with these instructions run only after Supports(kAvx2) has returned true.
#define STRATA_AVX2 __attribute__((target("avx2,fma")))
#define STRATA_AVX2_INLINE STRATA_AVX2 __attribute__((always_inline)) inline

namespace strata::pruning {
namespace {

STRATA_AVX2_INLINE __m256 Load(const float* weights) { return _mm256_loadu_ps(weights); }
STRATA_AVX2_INLINE __m256 Load(const uint16_t* weights) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

float ToFloat(float value) { return value; }
float ToFloat(uint16_t bits) { return FromBFloat16Bits(bits); }

template <typename Value>
STRATA_AVX2_INLINE void Multiply(const DenseMatrix<Value>& matrix, const float* x, float* y,
                                 int64_t first_row, int64_t last_row) {
  const int64_t columns = matrix.columns;
  const int64_t whole = columns - columns % 32;
  for (int64_t row = first_row; row < last_row; ++row) {
    const Value* weights = matrix.weights + row * columns;
    __m256 sum0 = _mm256_setzero_ps();
    __m256 sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (int64_t i = 0; i < whole; i += 32) {
      const char* ahead = reinterpret_cast<const char*>(weights + i) + kPrefetchBytes;
      for (size_t line = 0; line < sizeof(Value) / 2; ++line) {
        _mm_prefetch(ahead + 64 * line, _MM_HINT_T0);
      }
      sum0 = _mm256_fmadd_ps(Load(weights + i), _mm256_loadu_ps(x + i), sum0);
      sum1 = _mm256_fmadd_ps(Load(weights + i + 8), _mm256_loadu_ps(x + i + 8), sum1);
      sum2 = _mm256_fmadd_ps(Load(weights + i + 16), _mm256_loadu_ps(x + i + 16), sum2);
      sum3 = _mm256_fmadd_ps(Load(weights + i + 24), _mm256_loadu_ps(x + i + 24), sum3);
    }
    float rest = 0;
    for (int64_t i = whole; i < columns; ++i) rest += ToFloat(weights[i]) * x[i];
    const __m256 sum = _mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3));
    float lanes[8];
    _mm256_storeu_ps(lanes, sum);
    for (const float lane : lanes) rest += lane;
    y[row] = rest;
  }
}

}  // namespace

STRATA_AVX2 void MultiplyDenseAvx2(const DenseMatrix<float>& matrix, const float* x, float* y,
                                   int64_t first_row, int64_t last_row) {
  Multiply(matrix, x, y, first_row, last_row);
}

STRATA_AVX2 void MultiplyDenseAvx2(const DenseMatrix<uint16_t>& matrix, const float* x, float* y,
                                   int64_t first_row, int64_t last_row) {
  Multiply(matrix, x, y, first_row, last_row);
}

STRATA_AVX2 uint64_t ReadBlocksAvx2(const uint64_t* words, int64_t blocks) {
  __m256i parts[8] = {};
  for (int64_t block = 0; block < blocks; ++block, words += 64) {
    for (int line = 0; line < 8; ++line) {
      const uint64_t* at = words + 8 * line;
      _mm_prefetch(reinterpret_cast<const char*>(at) + kPrefetchBytes, _MM_HINT_T0);
      const auto* pair = reinterpret_cast<const __m256i*>(at);
      parts[line] = _mm256_xor_si256(
          parts[line], _mm256_xor_si256(_mm256_loadu_si256(pair), _mm256_loadu_si256(pair + 1)));
    }
  }
  uint64_t result = 0;
  for (const __m256i& part : parts) {
    uint64_t lanes[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), part);
    for (const uint64_t lane : lanes) result ^= lane;
  }
  return result;
}

}  // namespace strata::pruning

#endif  // defined(__x86_64__)
