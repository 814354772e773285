// Hessians of the inputs of a block's linears, for SparseGPT.
#ifndef STRATA_EVALUATOR_PRUNERS_INPUT_HESSIANS_H_
#define STRATA_EVALUATOR_PRUNERS_INPUT_HESSIANS_H_

#include <absl/status/statusor.h>

#include <array>
#include <span>

#include "evaluator/model/transformer_block.h"
#include "pruning/sparse_gpt.h"

namespace strata::evaluator {

// One factor for each of a block's four inputs. Linears that share an input share its factor.
using BlockFactors = std::array<pruning::HessianFactor, kBlockInputs>;

// Runs one block over `hidden` in place and returns the factors of the Hessians of its inputs.
// Errors: those of pruning::InputHessian::Matrix and FactorHessian, naming the input.
absl::StatusOr<BlockFactors> RunAndFactor(BlockForward& forward, const BlockMatrices& matrices,
                                          const BlockVectors& vectors, int64_t sequences,
                                          at::Tensor& hidden,
                                          BlockExtent extent = BlockExtent::kOutput);

// Prunes the linears of `pruned`, which holds the dense weights, in place. Returns the zeros.
absl::StatusOr<int64_t> PruneBlockBySparseGpt(const ModelConfig& config,
                                              const BlockFactors& factors, int block,
                                              std::span<const double> sparsity, int64_t group,
                                              BlockMatrices& pruned);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_INPUT_HESSIANS_H_
