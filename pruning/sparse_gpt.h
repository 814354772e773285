// SparseGPT (arXiv 2301.00774; its repository's sparsegpt.py): prunes a linear layer and corrects
// the weights that stay, column after column, so that its output on the calibration inputs changes
// least.
#ifndef STRATA_PRUNING_SPARSE_GPT_H_
#define STRATA_PRUNING_SPARSE_GPT_H_

#include <ATen/core/Tensor.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "pruning/sparsity_pattern.h"

namespace strata::pruning {

// H = (2 / n) sum of x x^T over all tokens x of n calibration sequences; float32 [columns,
// columns].
class InputHessian {
 public:
  explicit InputHessian(int64_t columns);

  // Activations [tokens, columns], float32; rows may come in any number of pieces.
  void Add(const at::Tensor& activations);

  // H of all rows added so far, which are those of `sequences` sequences; takes the memory of the
  // object. InvalidArgument if there is no sequence or an entry is not finite.
  absl::StatusOr<at::Tensor> Matrix(int64_t sequences) &&;

 private:
  at::Tensor sum_;  // of x x^T
};

// What pruning needs of a Hessian, for linears that share an input and for any sparsity.
struct HessianFactor {
  at::Tensor inverse;         // float32 [columns, columns]: upper Cholesky factor of H^-1
  std::vector<int64_t> dead;  // inputs that are always zero; their weights become zero
  double damping = 0;         // what was added to the diagonal
};

// `hessian` is overwritten, since copies of it are what pruning needs most memory for. Dead inputs
// get 1 on the diagonal; `damping_fraction` of the mean of the diagonal is added to it.
// Where rounding leaves H indefinite all the same, the damping grows tenfold, at most twice, and is
// reported in HessianFactor::damping; FailedPrecondition after that. Uses LibTorch's threads.
absl::StatusOr<HessianFactor> FactorHessian(at::Tensor hessian, double damping_fraction = 0.01);

// Prunes `weights`, float32 [rows, columns], contiguous, in place. Unstructured: of every group of
// 128 columns the int(rows * 128 * sparsity) + 1 weights of the lowest w^2 / d^2 over all rows, as
// the repository's threshold does, none at sparsity 0 but the dead inputs'; n:M: the n lowest of
// each M neighbours in a row. Returns the zeros written. InvalidArgument for shapes that disagree
// or M that does not divide the columns; FailedPrecondition if a weight is not finite afterwards.
// Uses LibTorch's threads; the result does not depend on their number.
absl::StatusOr<int64_t> SparseGptPrune(const HessianFactor& factor, const SparsityPattern& pattern,
                                       at::Tensor& weights);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SPARSE_GPT_H_
