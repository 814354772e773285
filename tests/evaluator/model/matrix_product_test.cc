#include "evaluator/model/matrix_product.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>

namespace strata::evaluator {
namespace {

at::Tensor Reference(const at::Tensor& rows, const at::Tensor& matrix) {
  return rows.to(at::kDouble).matmul(matrix.to(at::kDouble).t());
}

// The largest error relative to the largest entry.
double Error(const at::Tensor& found, const at::Tensor& expected) {
  return ((found.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

TEST(MatrixProductTest, IsTheProductInEveryTypeAndShape) {
  at::manual_seed(3);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const double tolerance = type == at::kFloat ? 1e-6 : 1e-2;
    for (const auto& [m, k, n] : {std::array<int64_t, 3>{1, 1, 1}, {3, 70, 5}, {130, 64, 257}}) {
      const at::Tensor rows = at::randn({m, k}).to(type);
      const at::Tensor matrix = at::randn({n, k}).to(type);
      at::Tensor product = at::empty({m, n}, at::TensorOptions(type));
      MultiplyByTransposed(rows, matrix, product);
      EXPECT_LT(Error(product, Reference(rows, matrix)), tolerance) << type << " " << m;
      const at::Tensor before = at::randn({m, n}).to(type);
      at::Tensor sum = before.clone();
      AddProductByTransposed(rows, matrix, sum);
      EXPECT_LT(Error(sum, Reference(rows, matrix) + before.to(at::kDouble)), tolerance)
          << type << " " << m;
    }
  }
}

// Rows of a longer matrix, as the output head and query-key-value are read, written to rows of a
// buffer.
TEST(MatrixProductTest, TakesAndFillsPartsOfLargerTensors) {
  at::manual_seed(4);
  const at::InferenceMode guard;
  const at::Tensor rows = at::randn({8, 32}).narrow(0, 2, 5);
  const at::Tensor matrix = at::randn({40, 32}).narrow(0, 7, 20);
  at::Tensor buffer = at::full({9, 20}, 7.0f);
  at::Tensor part = buffer.narrow(0, 1, 5);
  MultiplyByTransposed(rows, matrix, part);
  EXPECT_LT(Error(buffer.narrow(0, 1, 5), Reference(rows, matrix)), 1e-6);
  EXPECT_EQ(buffer[0].min().item<float>(), 7);
  EXPECT_EQ(buffer.narrow(0, 6, 3).min().item<float>(), 7);
}

}  // namespace
}  // namespace strata::evaluator
