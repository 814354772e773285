#include "evaluator/decoding/decoder_linear.h"

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "expr/status_macros.h"
#include "pruning/dense_matrix_vector.h"
#include "pruning/sparse_matrix.h"

namespace strata::evaluator {
namespace {

// Returns the numbers of a contiguous tensor; numbers in bfloat16 are returned as bits.
template <typename Value>
std::span<Value> Entries(const at::Tensor& tensor) {
  return {static_cast<Value*>(tensor.data_ptr()), static_cast<size_t>(tensor.numel())};
}

template <typename Value>
class DenseLinear : public DecoderLinear {
 public:
  DenseLinear(const at::Tensor& weights, const DecoderKernels& kernels)
      : weights_(weights),
        matrix_{Entries<Value>(weights).data(), weights.size(0), weights.size(1)},
        kernels_(kernels) {}

  int64_t rows() const override { return matrix_.rows; }
  int64_t columns() const override { return matrix_.columns; }
  int64_t bytes() const override { return static_cast<int64_t>(weights_.nbytes()); }
  at::Tensor dense() const override { return weights_; }

  void Multiply(std::span<const float> x, std::span<float> y, int part) const override {
    pruning::MultiplyDense(matrix_, x, y, Boundary(part), Boundary(part + 1),
                           kernels_.instructions);
  }

  void Expand(int part, const at::Tensor& output) const override {
    const int64_t rows = Boundary(part + 1) - Boundary(part);
    output.narrow(0, Boundary(part), rows).copy_(weights_.narrow(0, Boundary(part), rows));
  }

 private:
  int64_t Boundary(int part) const { return matrix_.rows * part / kernels_.parts; }

  at::Tensor weights_;
  pruning::DenseMatrix<Value> matrix_;
  DecoderKernels kernels_;
};

template <typename Value>
class SparseLinear : public DecoderLinear {
 public:
  SparseLinear(pruning::SparseMatrix<Value> matrix, const DecoderKernels& kernels)
      : matrix_(std::move(matrix)), boundaries_(matrix_.Split(kernels.parts)), kernels_(kernels) {}

  int64_t rows() const override { return matrix_.rows(); }
  int64_t columns() const override { return matrix_.columns(); }
  int64_t bytes() const override { return matrix_.bytes(); }
  at::Tensor dense() const override { return {}; }

  void Multiply(std::span<const float> x, std::span<float> y, int part) const override {
    matrix_.Multiply(x, y, boundaries_[part], boundaries_[part + 1], kernels_.instructions);
  }

  void Expand(int part, const at::Tensor& output) const override {
    matrix_.Expand(boundaries_[part], boundaries_[part + 1], Entries<Value>(output));
  }

 private:
  pruning::SparseMatrix<Value> matrix_;
  std::vector<int64_t> boundaries_;
  DecoderKernels kernels_;
};

template <typename Value>
absl::StatusOr<std::unique_ptr<DecoderLinear>> Make(const at::Tensor& weights, LinearFormat format,
                                                    const DecoderKernels& kernels) {
  if (format == LinearFormat::kDense) {
    return std::make_unique<DenseLinear<Value>>(weights, kernels);
  }
  STRATA_ASSIGN_OR_RETURN(
      auto matrix, pruning::SparseMatrix<Value>::Compress(Entries<Value>(weights), weights.size(0),
                                                          weights.size(1)));
  return std::make_unique<SparseLinear<Value>>(std::move(matrix), kernels);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DecoderLinear>> MakeDecoderLinear(const at::Tensor& weights,
                                                                 LinearFormat format,
                                                                 const DecoderKernels& kernels) {
  return weights.scalar_type() == at::kFloat ? Make<float>(weights, format, kernels)
                                             : Make<uint16_t>(weights, format, kernels);
}

}  // namespace strata::evaluator
