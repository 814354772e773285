// Matrices with many zeros in safetensors files: one bit for each weight, and the weights that are
// not zero. docs/pruned-models.md describes the form for readers in other languages.
//
// A matrix NAME of shape [rows, columns] is stored as three tensors:
//
//   NAME.shape   I64 [2]                           rows and columns
//   NAME.values  F32, F16 or BF16 [set bits]       the weights of set bits, in row-major order
//   NAME.bitmap  U8 [rows, ceil(columns / 8)]      column c is bit c % 8, counted from the least
//                                                  significant one, of byte c / 8 of its row
//
// The bits beyond the last column are 0. A weight is left out if all its bits are 0. Minus zero is
// kept, so that nothing is lost.
#ifndef STRATA_EVALUATOR_FORMATS_BITMAP_MATRIX_H_
#define STRATA_EVALUATOR_FORMATS_BITMAP_MATRIX_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "evaluator/formats/number_format.h"
#include "evaluator/formats/safetensors_file.h"

namespace strata::evaluator {

// The key and value of a file's metadata that announce bitmaps and the version of their form.
inline constexpr const char* kBitmapKey = "strata.format";
inline constexpr const char* kBitmapVersion = "bitmap/1";

inline constexpr const char* kBitmapShapeEnding = ".shape";
inline constexpr const char* kBitmapValuesEnding = ".values";
inline constexpr const char* kBitmapBitsEnding = ".bitmap";

// Immutable, so const access is thread-safe. Valid while the files of its tensors are open.
class BitmapMatrix {
 public:
  // Errors: DataLoss, with the name and the numbers, for a missing tensor, a wrong type or shape,
  // bits beyond the last column, or another number of values than of set bits. Reads the bitmap.
  static absl::StatusOr<BitmapMatrix> Of(
      const std::string& name, const std::map<std::string, const SafetensorsTensor*>& tensors);

  // The type and shape of the matrix that is described. `data` is empty.
  const SafetensorsTensor& tensor() const { return tensor_; }
  int64_t rows() const { return tensor_.shape[0]; }
  int64_t columns() const { return tensor_.shape[1]; }

  // Fills `numbers` with whole rows from `first_row` on, zeros included.
  void ReadRows(int64_t first_row, std::span<float> numbers) const;

  // The bitmap of a row, and its values as they lie in the file, at any alignment.
  std::span<const std::byte> RowBits(int64_t row) const;
  std::span<const std::byte> RowValues(int64_t row) const;

  // Releases the memory of the matrix's pages. They are read again when needed.
  void Forget() const;

 private:
  SafetensorsTensor tensor_;
  NumberFormat format_ = NumberFormat::kFloat32;
  std::span<const std::byte> bits_;
  std::span<const std::byte> values_;
  std::vector<uint64_t> row_starts_;  // number of the first value of each row; at the end, of all
};

// Takes all bitmaps out of the tensors of a checkpoint. Their three tensors each leave the map.
// Errors: those of BitmapMatrix::Of; DataLoss for a matrix that is there as a dense tensor too.
absl::StatusOr<std::map<std::string, BitmapMatrix>> TakeBitmaps(
    std::map<std::string, const SafetensorsTensor*>* tensors);

// Rows of a matrix in the form that is stored.
struct BitmapRows {
  std::vector<std::byte> bits;
  std::vector<std::byte> values;

  // Appends whole rows of `columns` numbers of 2 or 4 bytes each.
  void Append(std::span<const std::byte> numbers, int64_t columns, int64_t bytes_per_number);
};

// Number of bytes of the bitmap of a row.
int64_t BitmapRowBytes(int64_t columns);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_BITMAP_MATRIX_H_
