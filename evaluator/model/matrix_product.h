// Products with weight matrices: nearly all the arithmetic of a forward pass.
#ifndef STRATA_EVALUATOR_MATRIX_PRODUCT_H_
#define STRATA_EVALUATOR_MATRIX_PRODUCT_H_

#include <ATen/core/Tensor.h>

namespace strata::evaluator {

// `product` [m, n] becomes `rows` [m, k] times the transpose of `matrix` [n, k]; all of one type,
// float32 or bfloat16, rows and matrix contiguous. LibTorch gives float32 products to MKL, which on
// processors of other makers than its own takes less than half of their speed; there they go to
// oneDNN. The choice follows from the processor alone, so that a machine always computes alike.
void MultiplyByTransposed(const at::Tensor& rows, const at::Tensor& matrix, at::Tensor& product);

// Adds the same product to `sum`.
void AddProductByTransposed(const at::Tensor& rows, const at::Tensor& matrix, at::Tensor& sum);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MATRIX_PRODUCT_H_
