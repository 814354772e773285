// Products with weight matrices, which are nearly all the arithmetic of a forward pass.
#ifndef STRATA_EVALUATOR_MODEL_MATRIX_PRODUCT_H_
#define STRATA_EVALUATOR_MODEL_MATRIX_PRODUCT_H_

#include <ATen/core/Tensor.h>

namespace strata::evaluator {

// Sets `product` [m, n] to `rows` [m, k] times the transpose of `matrix` [n, k]. All three have one
// type, float32 or bfloat16. `rows` and `matrix` are contiguous. LibTorch computes float32 products
// with MKL, which reaches less than half of the speed of x86 processors that are not Intel's. On
// those, oneDNN computes them instead. The choice depends on the processor alone, so a machine
// always computes in the same way.
void MultiplyByTransposed(const at::Tensor& rows, const at::Tensor& matrix, at::Tensor& product);

// Adds the same product to `sum`.
void AddProductByTransposed(const at::Tensor& rows, const at::Tensor& matrix, at::Tensor& sum);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_MATRIX_PRODUCT_H_
