// SparseGPT (arXiv 2301.00774; sparsegpt.py in its repository). It prunes a linear layer column
// after column and corrects the remaining weights, so that the output on the calibration inputs
// changes least.
#ifndef STRATA_PRUNING_SPARSE_GPT_H_
#define STRATA_PRUNING_SPARSE_GPT_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "pruning/sparsity_pattern.h"

namespace strata::pruning {

// Accumulates H = (2 / n) sum of x x^T over all tokens x of n calibration sequences. H is float32
// [columns, columns].
class InputHessian {
 public:
  explicit InputHessian(int64_t columns);

  // Adds activations [tokens, columns], float32. Rows may come in any number of pieces.
  void Add(const at::Tensor& activations);

  // Returns H of all rows added so far, which are those of `sequences` sequences. H takes over the
  // memory of this object. Errors: InvalidArgument if there is no sequence or an entry is not
  // finite.
  absl::StatusOr<at::Tensor> Matrix(int64_t sequences) &&;

 private:
  at::Tensor sum_;  // sum of x x^T
};

// The part of a Hessian that pruning needs. It serves all linears that share an input, at any
// sparsity.
struct HessianFactor {
  at::Tensor inverse;         // upper Cholesky factor of H^-1, float32 [columns, columns]
  std::vector<int64_t> dead;  // inputs that are always zero; their weights become zero
  double damping = 0;         // total added to the diagonal
};

// Factors a Hessian. Dead inputs get 1 on the diagonal, and then `damping_fraction` of the mean of
// the diagonal is added to it. If rounding still leaves H indefinite, ten times as much damping is
// added, at most twice. HessianFactor::damping reports the total. `hessian` is overwritten, because
// its copies are what pruning needs most memory for. Errors: InvalidArgument if it is not square,
// FailedPrecondition if it stays indefinite. Uses LibTorch's threads.
absl::StatusOr<HessianFactor> FactorHessian(at::Tensor hessian, double damping_fraction = 0.01);

// Prunes `weights`, float32 [rows, columns], contiguous, in place. Returns the number of zeros
// written.
//
// Unstructured: of every group of 128 columns, the int(rows * 128 * sparsity) + 1 weights with the
// lowest w^2 / d^2 over all rows are removed, as the threshold of the repository does. At sparsity
// 0, only the weights of dead inputs are removed. n:M: the n weights with the lowest w^2 / d^2 of
// each M neighbours in a row are removed.
//
// Errors: InvalidArgument if shapes disagree, or if M does not divide the columns and 128;
// FailedPrecondition if a weight is not finite afterwards. Uses LibTorch's threads; the result does
// not depend on their number.
absl::StatusOr<int64_t> SparseGptPrune(const HessianFactor& factor, const SparsityPattern& pattern,
                                       at::Tensor& weights);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SPARSE_GPT_H_
