#include "pruning/sparse_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <type_traits>

#include "expr/status_macros.h"
#include "pruning/sparse_matrix_kernels.h"

namespace strata::pruning {
namespace {

// Number of bytes beyond the last weight that a kernel may load.
constexpr int64_t kPaddingBytes = 64;

bool IsZero(float value) { return value == 0; }
bool IsZero(uint16_t bits) { return (bits & 0x7FFF) == 0; }

int64_t PanelsOf(int64_t rows) { return (rows + kSparsePanelRows - 1) / kSparsePanelRows; }

// Returns the bitmap of up to 64 weights.
template <typename Value>
uint64_t BitsOf(const Value* weights, int64_t count) {
  uint64_t bits = 0;
  for (int64_t i = 0; i < count; ++i) bits |= uint64_t{IsZero(weights[i]) ? 0u : 1u} << i;
  return bits;
}

template <typename Value>
absl::Status CheckSizes(std::span<const Value> weights, int64_t rows, int64_t columns) {
  const bool fits = rows >= 0 && columns >= 0 &&
                    (columns == 0 || rows <= static_cast<int64_t>(weights.size()) / columns) &&
                    rows * columns == static_cast<int64_t>(weights.size());
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("expected {} x {} weights to compress, found {}", rows, columns, weights.size()));
}

}  // namespace

template <typename Value>
absl::StatusOr<SparseMatrix<Value>> SparseMatrix<Value>::Compress(std::span<const Value> weights,
                                                                  int64_t rows, int64_t columns) {
  static_assert(kPanelRows == kSparsePanelRows);
  STRATA_RETURN_IF_ERROR(CheckSizes(weights, rows, columns));
  SparseMatrix matrix;
  matrix.rows_ = rows;
  matrix.columns_ = columns;
  const int64_t panels = PanelsOf(rows);
  const int64_t words_per_row = (columns + kSparseWordBits - 1) / kSparseWordBits;
  const auto nonzeros = std::ranges::count_if(weights, [](Value v) { return !IsZero(v); });
  matrix.words_.reserve(static_cast<size_t>(1 + panels * kPanelRows * words_per_row));
  matrix.values_.reserve(static_cast<size_t>(nonzeros) + kPaddingBytes / sizeof(Value));
  matrix.panel_starts_.reserve(static_cast<size_t>(panels + 1));

  matrix.words_.push_back(0);
  matrix.panel_starts_.push_back(0);
  for (int64_t panel = 0; panel < panels; ++panel) {
    for (int64_t word = 0; word < words_per_row; ++word) {
      const int64_t column = word * kSparseWordBits;
      for (int64_t row = panel * kPanelRows; row < (panel + 1) * kPanelRows; ++row) {
        const Value* entries = row < rows ? weights.data() + row * columns + column : nullptr;
        const uint64_t bits =
            row < rows ? BitsOf(entries, std::min(kSparseWordBits, columns - column)) : 0;
        matrix.words_.push_back(bits);
        for (uint64_t left = bits; left != 0; left &= left - 1) {
          matrix.values_.push_back(entries[std::countr_zero(left)]);
        }
      }
    }
    matrix.panel_starts_.push_back(matrix.values_.size());
  }
  matrix.values_.resize(matrix.values_.size() + kPaddingBytes / sizeof(Value));
  return matrix;
}

template <typename Value>
int64_t SparseMatrix<Value>::bytes() const {
  return static_cast<int64_t>((words_.size() - 1 + panel_starts_.size()) * sizeof(uint64_t) +
                              static_cast<size_t>(nonzeros()) * sizeof(Value));
}

template <typename Value>
std::vector<int64_t> SparseMatrix<Value>::Split(int parts) const {
  const auto panels = static_cast<int64_t>(panel_starts_.size()) - 1;
  const auto bitmap_bytes = static_cast<int64_t>((words_.size() - 1) * sizeof(uint64_t));
  const int64_t total = bitmap_bytes + nonzeros() * static_cast<int64_t>(sizeof(Value));
  std::vector<int64_t> boundaries = {0};
  int64_t panel = 0;
  for (int part = 1; part < parts; ++part) {
    const auto before = [&](int64_t p) {
      return bitmap_bytes / std::max<int64_t>(panels, 1) * p +
             static_cast<int64_t>(panel_starts_[p] * sizeof(Value));
    };
    while (panel < panels && before(panel) < total / parts * part) ++panel;
    boundaries.push_back(std::min(rows_, panel * kPanelRows));
  }
  boundaries.push_back(rows_);
  return boundaries;
}

template <typename Value>
void SparseMatrix<Value>::Multiply(std::span<const float> x, std::span<float> y, int64_t first_row,
                                   int64_t last_row, InstructionSet set) const {
  assert(static_cast<int64_t>(x.size()) == columns_ && static_cast<int64_t>(y.size()) == rows_);
  assert(first_row % kPanelRows == 0 || first_row == rows_);
  assert(last_row % kPanelRows == 0 || last_row == rows_);
  if (first_row >= last_row) return;
  const SparsePanels<Value> panels = {words_.data() + 1, values_.data(), panel_starts_.data(),
                                      rows_, columns_};
  const int64_t first = first_row / kPanelRows;
  const int64_t last = PanelsOf(last_row);
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) {
    return MultiplyPanelsAvx512(panels, x.data(), y.data(), first, last);
  }
  if (set == InstructionSet::kAvx2) {
    return MultiplyPanelsAvx2(panels, x.data(), y.data(), first, last);
  }
#endif
  MultiplyPanelsScalar(panels, x.data(), y.data(), first, last);
}

template <typename Value>
void SparseMatrix<Value>::Expand(int64_t first_row, int64_t last_row,
                                 std::span<Value> output) const {
  assert(static_cast<int64_t>(output.size()) == rows_ * columns_);
  const int64_t words_per_row = (columns_ + kSparseWordBits - 1) / kSparseWordBits;
  std::fill(output.begin() + first_row * columns_, output.begin() + last_row * columns_, Value{});
  for (int64_t panel = first_row / kPanelRows; panel < PanelsOf(last_row); ++panel) {
    const uint64_t* words = words_.data() + 1 + panel * kPanelRows * words_per_row;
    const Value* value = values_.data() + panel_starts_[panel];
    for (int64_t word = 0; word < words_per_row; ++word) {
      for (int64_t row = panel * kPanelRows; row < (panel + 1) * kPanelRows; ++row) {
        Value* entries = output.data() + row * columns_ + word * kSparseWordBits;
        for (uint64_t bits = *words++; bits != 0; bits &= bits - 1) {
          entries[std::countr_zero(bits)] = *value++;
        }
      }
    }
  }
}

template class SparseMatrix<float>;
template class SparseMatrix<uint16_t>;

}  // namespace strata::pruning
