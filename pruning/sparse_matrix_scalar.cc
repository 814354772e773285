#include <bit>

#include "pruning/bfloat16_bits.h"
#include "pruning/sparse_matrix_kernels.h"

namespace strata::pruning {
namespace {

float ToFloat(float value) { return value; }
float ToFloat(uint16_t bits) { return FromBFloat16Bits(bits); }

template <typename Value>
void Multiply(const SparsePanels<Value>& panels, const float* x, float* y, int64_t first_panel,
              int64_t last_panel) {
  const int64_t words_per_row = panels.words_per_row();
  for (int64_t panel = first_panel; panel < last_panel; ++panel) {
    const uint64_t* words = panels.words + panel * kSparsePanelRows * words_per_row;
    const Value* value = panels.values + panels.starts[panel];
    float sums[kSparsePanelRows] = {};
    for (int64_t word = 0; word < words_per_row; ++word) {
      const float* entries = x + word * kSparseWordBits;
      for (float& sum : sums) {
        for (uint64_t bits = *words++; bits != 0; bits &= bits - 1) {
          sum += ToFloat(*value++) * entries[std::countr_zero(bits)];
        }
      }
    }
    const int64_t first_row = panel * kSparsePanelRows;
    std::copy_n(sums, std::min(kSparsePanelRows, panels.rows - first_row), y + first_row);
  }
}

}  // namespace

void MultiplyPanelsScalar(const SparsePanels<float>& panels, const float* x, float* y,
                          int64_t first_panel, int64_t last_panel) {
  Multiply(panels, x, y, first_panel, last_panel);
}

void MultiplyPanelsScalar(const SparsePanels<uint16_t>& panels, const float* x, float* y,
                          int64_t first_panel, int64_t last_panel) {
  Multiply(panels, x, y, first_panel, last_panel);
}

}  // namespace strata::pruning
