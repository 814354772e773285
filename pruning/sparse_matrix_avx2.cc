#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <bit>

#include "pruning/prefetch_distance.h"
#include "pruning/sparse_matrix_kernels.h"

// Functions with these instructions run only after Supports(kAvx2) has returned true.
#define STRATA_AVX2 __attribute__((target("avx2,fma,popcnt")))
#define STRATA_AVX2_INLINE STRATA_AVX2 __attribute__((always_inline)) inline

namespace strata::pruning {
namespace {

// For 8 bits, the index of the weight that each lane takes, or -128 if the lane's bit is zero.
using LaneIndices = std::array<int8_t, 8>;

constexpr std::array<LaneIndices, 256> MakeIndices() {
  std::array<LaneIndices, 256> table{};
  for (int bits = 0; bits < 256; ++bits) {
    int8_t next = 0;
    for (int lane = 0; lane < 8; ++lane) {
      table[bits][lane] = (bits >> lane & 1) != 0 ? next++ : int8_t{-128};
    }
  }
  return table;
}

alignas(64) constexpr std::array<LaneIndices, 256> kIndices = MakeIndices();

STRATA_AVX2_INLINE __m256 Load(const float* values) { return _mm256_loadu_ps(values); }
STRATA_AVX2_INLINE __m256 Load(const uint16_t* values) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(values));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

// Spreads weights to the lanes of `bits`. The permutation uses the low three bits of an index, and
// the blend uses its sign.
template <typename Value>
STRATA_AVX2_INLINE __m256 Spread(uint8_t bits, const Value* values) {
  const __m256i index = _mm256_cvtepi8_epi32(
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kIndices[bits].data())));
  return _mm256_blendv_ps(_mm256_permutevar8x32_ps(Load(values), index), _mm256_setzero_ps(),
                          _mm256_castsi256_ps(index));
}

// Adds the products of one word to `sum` and returns the weights after it.
template <typename Value>
STRATA_AVX2_INLINE const Value* AddWord(uint64_t word, const Value* values, const float* entries,
                                        __m256& sum) {
  _mm_prefetch(reinterpret_cast<const char*>(values) + kPrefetchBytes, _MM_HINT_T0);
  if constexpr (sizeof(Value) == 4) {
    _mm_prefetch(reinterpret_cast<const char*>(values) + kPrefetchBytes + 64, _MM_HINT_T0);
  }
  for (int byte = 0; byte < 8; ++byte) {
    const auto bits = static_cast<uint8_t>(word >> (8 * byte));
    sum = _mm256_fmadd_ps(Spread(bits, values), _mm256_loadu_ps(entries + 8 * byte), sum);
    values += std::popcount(bits);
  }
  return values;
}

STRATA_AVX2_INLINE float Sum(__m256 lanes) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

template <typename Value>
STRATA_AVX2_INLINE void Multiply(const SparsePanels<Value>& panels, const float* x, float* y,
                                 int64_t first_panel, int64_t last_panel) {
  const PaddedVector vector(x, panels.columns);
  const int64_t words_per_row = panels.words_per_row();
  for (int64_t panel = first_panel; panel < last_panel; ++panel) {
    const uint64_t* word = panels.words + panel * kSparsePanelRows * words_per_row;
    const Value* values = panels.values + panels.starts[panel];
    __m256 sum0 = _mm256_setzero_ps();
    __m256 sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (int64_t i = 0; i < words_per_row; ++i, word += kSparsePanelRows) {
      const float* entries = vector.Word(i);
      values = AddWord(word[0], values, entries, sum0);
      values = AddWord(word[1], values, entries, sum1);
      values = AddWord(word[2], values, entries, sum2);
      values = AddWord(word[3], values, entries, sum3);
    }
    const float sums[kSparsePanelRows] = {Sum(sum0), Sum(sum1), Sum(sum2), Sum(sum3)};
    const int64_t first_row = panel * kSparsePanelRows;
    std::copy_n(sums, std::min(kSparsePanelRows, panels.rows - first_row), y + first_row);
  }
}

}  // namespace

STRATA_AVX2 void MultiplyPanelsAvx2(const SparsePanels<float>& panels, const float* x, float* y,
                                    int64_t first_panel, int64_t last_panel) {
  Multiply(panels, x, y, first_panel, last_panel);
}

STRATA_AVX2 void MultiplyPanelsAvx2(const SparsePanels<uint16_t>& panels, const float* x, float* y,
                                    int64_t first_panel, int64_t last_panel) {
  Multiply(panels, x, y, first_panel, last_panel);
}

}  // namespace strata::pruning

#endif  // defined(__x86_64__)
