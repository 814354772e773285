// A weight matrix with many zeros, compressed, and its product with a vector.
//
// Multiplying a matrix by one vector, as decoding a token does, reads every weight once, and the
// speed of memory limits it. The format therefore reads the fewest bytes at the densities that
// pruning leaves (0.2 to 0.5). It consists of a bitmap, with one bit per weight, and the weights
// that are not zero.
//
//   bytes per weight at density d      float32          bfloat16
//   dense                              4                2
//   this format                        4 d + 1/8        2 d + 1/8
//   compressed rows, 16-bit columns    6 d              4 d
//
// Above d = 1/16 the bitmap is smaller than 16-bit columns. Four rows make a panel. The bits of a
// panel are 64-bit words: columns 0 ... 63 of its four rows, then columns 64 ... 127 of its four
// rows, and so on. Bit i of a word is column i. The weights follow in the order of the bits. A
// product therefore reads two streams from start to end, and reads the entries of the vector once
// for four rows. Columns beyond the last one, and rows that fill up the last panel, are zero bits.
//
// A kernel puts weights back in their columns in registers. Lane i takes the weight whose index is
// the number of bits below i. AVX-512 counts these bits with VPOPCNT in all lanes at once. AVX2
// looks the indices up for 8 bits at a time. VPEXPAND does the same in one instruction, but takes
// five cycles on Zen 5.
#ifndef STRATA_PRUNING_SPARSE_MATRIX_H_
#define STRATA_PRUNING_SPARSE_MATRIX_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "pruning/instruction_set.h"

namespace strata::pruning {

// Immutable; const access is thread-safe. `Value` is float, or uint16_t for bfloat16 bits.
template <typename Value>
class SparseMatrix {
 public:
  // Number of rows of a panel. Work is divided between panels.
  static constexpr int64_t kPanelRows = 4;

  SparseMatrix(SparseMatrix&&) = default;
  SparseMatrix& operator=(SparseMatrix&&) = default;

  // Compresses row-major `weights` [rows, columns]. Keeps the bits of all weights, subnormal ones
  // included, except zeros of either sign. Errors: InvalidArgument if a size is negative or does
  // not fit the weights.
  static absl::StatusOr<SparseMatrix> Compress(std::span<const Value> weights, int64_t rows,
                                               int64_t columns);

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  int64_t nonzeros() const { return static_cast<int64_t>(panel_starts_.back()); }

  // Number of bytes that a product reads: the bitmap, the weights and the starts of the panels.
  int64_t bytes() const;

  // Returns parts + 1 row numbers, from 0 to rows(), that divide the matrix into ranges of nearly
  // equal bytes. All are multiples of kPanelRows except the last.
  std::vector<int64_t> Split(int parts) const;

  // Computes y[row] = sum over columns of A[row, column] * x[column] for first_row <= row <
  // last_row. Other entries of `y` are left alone. The sum is float32, in an order that depends on
  // `set`, so that two sets differ in the last bits. `x` has columns() entries, all finite: zero
  // times infinity is NaN or zero, depending on `set`. `y` has rows() entries. first_row and
  // last_row are multiples of kPanelRows, or rows(). This processor must support `set`.
  void Multiply(std::span<const float> x, std::span<float> y, int64_t first_row, int64_t last_row,
                InstructionSet set) const;

  // Writes rows first_row <= row < last_row, zeros included, to their places in `output` [rows,
  // columns]. The same row numbers are allowed as in Multiply.
  void Expand(int64_t first_row, int64_t last_row, std::span<Value> output) const;

 private:
  SparseMatrix() = default;

  int64_t rows_ = 0;
  int64_t columns_ = 0;
  std::vector<uint64_t> words_;         // one unused word, then the bitmap
  std::vector<Value> values_;           // weights and padding, so that whole vectors can be loaded
  std::vector<uint64_t> panel_starts_;  // start of every panel in values_, and end of the last
};

extern template class SparseMatrix<float>;
extern template class SparseMatrix<uint16_t>;

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SPARSE_MATRIX_H_
