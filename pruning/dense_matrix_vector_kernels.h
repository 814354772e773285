// The products behind MultiplyDense, one per instruction set.
#ifndef STRATA_PRUNING_DENSE_MATRIX_VECTOR_KERNELS_H_
#define STRATA_PRUNING_DENSE_MATRIX_VECTOR_KERNELS_H_

#include <cstdint>

#include "pruning/dense_matrix_vector.h"

namespace strata::pruning {

#if defined(__x86_64__)
void MultiplyDenseAvx2(const DenseMatrix<float>& matrix, const float* x, float* y,
                       int64_t first_row, int64_t last_row);
void MultiplyDenseAvx2(const DenseMatrix<uint16_t>& matrix, const float* x, float* y,
                       int64_t first_row, int64_t last_row);
void MultiplyDenseAvx512(const DenseMatrix<float>& matrix, const float* x, float* y,
                         int64_t first_row, int64_t last_row);
void MultiplyDenseAvx512(const DenseMatrix<uint16_t>& matrix, const float* x, float* y,
                         int64_t first_row, int64_t last_row);

// Read whole blocks of 64 words and return their exclusive or.
uint64_t ReadBlocksAvx2(const uint64_t* words, int64_t blocks);
uint64_t ReadBlocksAvx512(const uint64_t* words, int64_t blocks);
#endif

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_DENSE_MATRIX_VECTOR_KERNELS_H_
