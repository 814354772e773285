// The product of a dense matrix and a vector: what a sparse product is to be compared with. Each
// kernel reads the weights as fast as memory gives them, so that what a sparse one saves is not the
// fault of a slow comparison.
#ifndef STRATA_PRUNING_DENSE_MATRIX_VECTOR_H_
#define STRATA_PRUNING_DENSE_MATRIX_VECTOR_H_

#include <cstdint>
#include <span>

#include "pruning/instruction_set.h"

namespace strata::pruning {

// Row-major [rows, columns]; the memory is another's. `Value` is float, or uint16_t for bfloat16
// bits.
template <typename Value>
struct DenseMatrix {
  const Value* weights = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
};

// y[row] = sum over columns of A[row, column] * x[column] for first_row <= row < last_row; other
// entries of y are left alone. The sum is float32 in an order that depends on `set`. `x` has
// `columns` entries, y `rows`. `set` must be supported here. Thread-safe for ranges that do not
// overlap.
void MultiplyDense(const DenseMatrix<float>& matrix, std::span<const float> x, std::span<float> y,
                   int64_t first_row, int64_t last_row, InstructionSet set);
void MultiplyDense(const DenseMatrix<uint16_t>& matrix, std::span<const float> x,
                   std::span<float> y, int64_t first_row, int64_t last_row, InstructionSet set);

// Reads all words once and returns their exclusive or: no product reads more in a second.
uint64_t ReadAll(std::span<const uint64_t> words, InstructionSet set);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_DENSE_MATRIX_VECTOR_H_
