#if defined(__x86_64__)

#include <immintrin.h>

#include "pruning/dense_matrix_vector_kernels.h"
#include "pruning/prefetch_distance.h"

// Functions with these instructions run only after Supports(kAvx512) has returned true.
#define STRATA_AVX512 __attribute__((target("avx512f,avx512bw,avx2,fma")))
#define STRATA_AVX512_INLINE STRATA_AVX512 __attribute__((always_inline)) inline

namespace strata::pruning {
namespace {

STRATA_AVX512_INLINE __m512 Load(const float* weights) { return _mm512_loadu_ps(weights); }
STRATA_AVX512_INLINE __m512 Load(const uint16_t* weights) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

STRATA_AVX512_INLINE __m512 LoadFirst(__mmask16 lanes, const float* weights) {
  return _mm512_maskz_loadu_ps(lanes, weights);
}
STRATA_AVX512_INLINE __m512 LoadFirst(__mmask16 lanes, const uint16_t* weights) {
  const __m512i bits = _mm512_maskz_loadu_epi16(lanes, weights);
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(bits)), 16));
}

template <typename Value>
STRATA_AVX512_INLINE void Multiply(const DenseMatrix<Value>& matrix, const float* x, float* y,
                                   int64_t first_row, int64_t last_row) {
  const int64_t columns = matrix.columns;
  const int64_t whole = columns - columns % 64;
  for (int64_t row = first_row; row < last_row; ++row) {
    const Value* weights = matrix.weights + row * columns;
    __m512 sum0 = _mm512_setzero_ps();
    __m512 sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (int64_t i = 0; i < whole; i += 64) {
      const char* ahead = reinterpret_cast<const char*>(weights + i) + kPrefetchBytes;
      for (size_t line = 0; line < sizeof(Value); ++line) {
        _mm_prefetch(ahead + 64 * line, _MM_HINT_T0);
      }
      sum0 = _mm512_fmadd_ps(Load(weights + i), _mm512_loadu_ps(x + i), sum0);
      sum1 = _mm512_fmadd_ps(Load(weights + i + 16), _mm512_loadu_ps(x + i + 16), sum1);
      sum2 = _mm512_fmadd_ps(Load(weights + i + 32), _mm512_loadu_ps(x + i + 32), sum2);
      sum3 = _mm512_fmadd_ps(Load(weights + i + 48), _mm512_loadu_ps(x + i + 48), sum3);
    }
    for (int64_t i = whole; i < columns; i += 16) {
      const int64_t left = columns - i;
      const auto lanes = static_cast<__mmask16>(left < 16 ? (1u << left) - 1 : 0xFFFFu);
      sum0 =
          _mm512_fmadd_ps(LoadFirst(lanes, weights + i), _mm512_maskz_loadu_ps(lanes, x + i), sum0);
    }
    y[row] =
        _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum0, sum1), _mm512_add_ps(sum2, sum3)));
  }
}

}  // namespace

STRATA_AVX512 void MultiplyDenseAvx512(const DenseMatrix<float>& matrix, const float* x, float* y,
                                       int64_t first_row, int64_t last_row) {
  Multiply(matrix, x, y, first_row, last_row);
}

STRATA_AVX512 void MultiplyDenseAvx512(const DenseMatrix<uint16_t>& matrix, const float* x,
                                       float* y, int64_t first_row, int64_t last_row) {
  Multiply(matrix, x, y, first_row, last_row);
}

STRATA_AVX512 uint64_t ReadBlocksAvx512(const uint64_t* words, int64_t blocks) {
  __m512i parts[8] = {};
  for (int64_t block = 0; block < blocks; ++block, words += 64) {
    for (int line = 0; line < 8; ++line) {
      _mm_prefetch(reinterpret_cast<const char*>(words + 8 * line) + kPrefetchBytes, _MM_HINT_T0);
      parts[line] = _mm512_xor_si512(parts[line], _mm512_loadu_si512(words + 8 * line));
    }
  }
  for (int line = 1; line < 8; ++line) parts[0] = _mm512_xor_si512(parts[0], parts[line]);
  uint64_t lanes[8];
  _mm512_storeu_si512(lanes, parts[0]);
  uint64_t result = 0;
  for (const uint64_t lane : lanes) result ^= lane;
  return result;
}

}  // namespace strata::pruning

#endif  // defined(__x86_64__)
