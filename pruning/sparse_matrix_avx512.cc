#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>
#include <cstring>

#include "pruning/prefetch_distance.h"
#include "pruning/sparse_matrix_kernels.h"

// Functions with these instructions run only after Supports(kAvx512) has returned true.
#define STRATA_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vpopcntdq,avx512bitalg,avx2,fma,popcnt")))
#define STRATA_AVX512_INLINE STRATA_AVX512 __attribute__((always_inline)) inline

namespace strata::pruning {
namespace {

STRATA_AVX512_INLINE __m512i LaneBits() {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_sllv_epi32(_mm512_set1_epi32(1), lanes);
}

STRATA_AVX512_INLINE __m512i Broadcast(const void* four_bytes) {
  int32_t bits;
  std::memcpy(&bits, four_bytes, sizeof(bits));
  return _mm512_set1_epi32(bits);
}

// Spreads weights to their columns, 64 columns at a time and 16 per register.
class Float32Word {
 public:
  STRATA_AVX512_INLINE Float32Word()
      : own_low_(LaneBits()),
        below_low_(_mm512_sub_epi32(own_low_, _mm512_set1_epi32(1))),
        own_high_(_mm512_slli_epi32(own_low_, 16)),
        below_high_(_mm512_slli_epi32(below_low_, 16)) {}

  // Every lane of the broadcast holds 32 bits. The low 16 or the high 16 of them are spread.
  STRATA_AVX512_INLINE __m512 Spread(const uint64_t* word, int quarter, const float* values) const {
    const __m512i bits = Broadcast(reinterpret_cast<const char*>(word) + quarter / 2 * 4);
    const __m512i own = quarter % 2 == 0 ? own_low_ : own_high_;
    const __m512i below = quarter % 2 == 0 ? below_low_ : below_high_;
    const __m512i index = _mm512_popcnt_epi32(_mm512_and_si512(bits, below));
    return _mm512_maskz_permutexvar_ps(_mm512_test_epi32_mask(bits, own), index,
                                       _mm512_loadu_ps(values));
  }

 private:
  __m512i own_low_, below_low_, own_high_, below_high_;
};

class BFloat16Word {
 public:
  STRATA_AVX512_INLINE BFloat16Word()
      : own_(_mm512_slli_epi32(LaneBits(), 16)),
        below_(_mm512_slli_epi32(_mm512_sub_epi32(LaneBits(), _mm512_set1_epi32(1)), 16)) {}

  // A bfloat16 is the high half of a float32. The 16 bits are therefore broadcast into high halves,
  // and the permutation of 16-bit weights leaves float32 numbers. The low halves hold the two bytes
  // before the bits, which own_ and below_ clear.
  STRATA_AVX512_INLINE __m512 Spread(const uint64_t* word, int quarter,
                                     const uint16_t* values) const {
    const __m512i bits = Broadcast(reinterpret_cast<const char*>(word) + quarter * 2 - 2);
    const __m512i index = _mm512_popcnt_epi16(_mm512_and_si512(bits, below_));
    const __m256i loaded = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(
        _mm512_test_epi16_mask(bits, own_), index, _mm512_castsi256_si512(loaded)));
  }

 private:
  __m512i own_, below_;
};

struct WordEntries {
  __m512 quarters[4];
};

STRATA_AVX512_INLINE WordEntries LoadEntries(const float* entries) {
  return {{_mm512_loadu_ps(entries), _mm512_loadu_ps(entries + 16), _mm512_loadu_ps(entries + 32),
           _mm512_loadu_ps(entries + 48)}};
}

// Adds the products of one word to `sum` and returns the weights after it.
template <typename Spreader, typename Value>
STRATA_AVX512_INLINE const Value* AddWord(const Spreader& spreader, const uint64_t* word,
                                          const Value* values, const WordEntries& entries,
                                          __m512& sum) {
  const uint64_t bits = *word;
  _mm_prefetch(reinterpret_cast<const char*>(values) + kPrefetchBytes, _MM_HINT_T0);
  if constexpr (sizeof(Value) == 4) {
    _mm_prefetch(reinterpret_cast<const char*>(values) + kPrefetchBytes + 64, _MM_HINT_T0);
  }
  const Value* second = values + std::popcount(bits & 0xFFFF);
  const Value* third = values + std::popcount(bits & 0xFFFFFFFF);
  const Value* fourth = values + std::popcount(bits & 0xFFFFFFFFFFFF);
  sum = _mm512_fmadd_ps(spreader.Spread(word, 0, values), entries.quarters[0], sum);
  sum = _mm512_fmadd_ps(spreader.Spread(word, 1, second), entries.quarters[1], sum);
  sum = _mm512_fmadd_ps(spreader.Spread(word, 2, third), entries.quarters[2], sum);
  sum = _mm512_fmadd_ps(spreader.Spread(word, 3, fourth), entries.quarters[3], sum);
  return values + std::popcount(bits);
}

template <typename Spreader, typename Value>
STRATA_AVX512_INLINE void Multiply(const SparsePanels<Value>& panels, const float* x, float* y,
                                   int64_t first_panel, int64_t last_panel) {
  const Spreader spreader;
  const PaddedVector vector(x, panels.columns);
  const int64_t words_per_row = panels.words_per_row();
  for (int64_t panel = first_panel; panel < last_panel; ++panel) {
    const uint64_t* word = panels.words + panel * kSparsePanelRows * words_per_row;
    const Value* values = panels.values + panels.starts[panel];
    __m512 sum0 = _mm512_setzero_ps();
    __m512 sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (int64_t i = 0; i < words_per_row; ++i, word += kSparsePanelRows) {
      const WordEntries entries = LoadEntries(vector.Word(i));
      values = AddWord(spreader, word, values, entries, sum0);
      values = AddWord(spreader, word + 1, values, entries, sum1);
      values = AddWord(spreader, word + 2, values, entries, sum2);
      values = AddWord(spreader, word + 3, values, entries, sum3);
    }
    const float sums[kSparsePanelRows] = {_mm512_reduce_add_ps(sum0), _mm512_reduce_add_ps(sum1),
                                          _mm512_reduce_add_ps(sum2), _mm512_reduce_add_ps(sum3)};
    const int64_t first_row = panel * kSparsePanelRows;
    std::copy_n(sums, std::min(kSparsePanelRows, panels.rows - first_row), y + first_row);
  }
}

}  // namespace

STRATA_AVX512 void MultiplyPanelsAvx512(const SparsePanels<float>& panels, const float* x, float* y,
                                        int64_t first_panel, int64_t last_panel) {
  Multiply<Float32Word>(panels, x, y, first_panel, last_panel);
}

STRATA_AVX512 void MultiplyPanelsAvx512(const SparsePanels<uint16_t>& panels, const float* x,
                                        float* y, int64_t first_panel, int64_t last_panel) {
  Multiply<BFloat16Word>(panels, x, y, first_panel, last_panel);
}

}  // namespace strata::pruning

#endif  // defined(__x86_64__)
