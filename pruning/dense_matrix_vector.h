// The product of a dense matrix and a vector, as a comparison for the sparse product. Each kernel
// reads the weights as fast as memory delivers them, so that the comparison does not flatter the
// sparse kernels.
#ifndef STRATA_PRUNING_DENSE_MATRIX_VECTOR_H_
#define STRATA_PRUNING_DENSE_MATRIX_VECTOR_H_

#include <cstdint>
#include <span>

#include "pruning/instruction_set.h"

namespace strata::pruning {

// A row-major matrix [rows, columns] in memory that the caller owns. `Value` is float, or uint16_t
// for bfloat16 bits.
template <typename Value>
struct DenseMatrix {
  const Value* weights = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
};

// Computes y[row] = sum over columns of A[row, column] * x[column] for first_row <= row < last_row.
// Other entries of `y` are left alone. The sum is float32, in an order that depends on `set`. `x`
// has `columns` entries and `y` has `rows`. This processor must support `set`. Thread-safe for
// ranges of rows that do not overlap.
void MultiplyDense(const DenseMatrix<float>& matrix, std::span<const float> x, std::span<float> y,
                   int64_t first_row, int64_t last_row, InstructionSet set);
void MultiplyDense(const DenseMatrix<uint16_t>& matrix, std::span<const float> x,
                   std::span<float> y, int64_t first_row, int64_t last_row, InstructionSet set);

// Reads all words once and returns their exclusive or. No product can read more bytes per second.
uint64_t ReadAll(std::span<const uint64_t> words, InstructionSet set);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_DENSE_MATRIX_VECTOR_H_
