// The products behind SparseMatrix::Multiply, one per instruction set.
#ifndef STRATA_PRUNING_SPARSE_MATRIX_KERNELS_H_
#define STRATA_PRUNING_SPARSE_MATRIX_KERNELS_H_

#include <algorithm>
#include <cstdint>

namespace strata::pruning {

inline constexpr int64_t kSparsePanelRows = 4;
inline constexpr int64_t kSparseWordBits = 64;

// The format is described in sparse_matrix.h. Kernels may read two bytes before `words` and 64
// bytes beyond the end of `values`.
template <typename Value>
struct SparsePanels {
  const uint64_t* words = nullptr;
  const Value* values = nullptr;
  const uint64_t* starts = nullptr;  // start in `values` of each panel
  int64_t rows = 0;
  int64_t columns = 0;

  int64_t words_per_row() const { return (columns + kSparseWordBits - 1) / kSparseWordBits; }
};

// The vector in words of 64 entries. The last word is filled up with zeros if it is not whole.
class PaddedVector {
 public:
  PaddedVector(const float* x, int64_t columns) : x_(x), whole_words_(columns / kSparseWordBits) {
    std::copy(x + whole_words_ * kSparseWordBits, x + columns, last_);
  }
  const float* Word(int64_t word) const {
    return word < whole_words_ ? x_ + word * kSparseWordBits : last_;
  }

 private:
  const float* x_;
  int64_t whole_words_;
  alignas(64) float last_[kSparseWordBits] = {};
};

void MultiplyPanelsScalar(const SparsePanels<float>& panels, const float* x, float* y,
                          int64_t first_panel, int64_t last_panel);
void MultiplyPanelsScalar(const SparsePanels<uint16_t>& panels, const float* x, float* y,
                          int64_t first_panel, int64_t last_panel);

#if defined(__x86_64__)
void MultiplyPanelsAvx2(const SparsePanels<float>& panels, const float* x, float* y,
                        int64_t first_panel, int64_t last_panel);
void MultiplyPanelsAvx2(const SparsePanels<uint16_t>& panels, const float* x, float* y,
                        int64_t first_panel, int64_t last_panel);
void MultiplyPanelsAvx512(const SparsePanels<float>& panels, const float* x, float* y,
                          int64_t first_panel, int64_t last_panel);
void MultiplyPanelsAvx512(const SparsePanels<uint16_t>& panels, const float* x, float* y,
                          int64_t first_panel, int64_t last_panel);
#endif

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SPARSE_MATRIX_KERNELS_H_
