#include "evaluator/pruners/input_hessians.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "evaluator/pruners/block_source.h"
#include "pruning/sparsity_pattern.h"

namespace strata::evaluator {
namespace {

constexpr const char* kInputNames[kBlockInputs] = {"attention", "attention output", "feed-forward",
                                                   "down projection"};

}  // namespace

absl::StatusOr<BlockFactors> RunAndFactor(BlockForward& forward, const BlockMatrices& matrices,
                                          const BlockVectors& vectors, int64_t sequences,
                                          at::Tensor& hidden, BlockExtent extent) {
  std::vector<pruning::InputHessian> hessians;
  for (int input = 0; input < kBlockInputs; ++input) {
    hessians.emplace_back(matrices.Of(static_cast<BlockInput>(input)).size(1));
  }
  const InputObserver add = [&](BlockInput input, const at::Tensor& rows) {
    hessians[static_cast<int>(input)].Add(rows.to(at::kFloat));
  };
  forward.Run(matrices, vectors, hidden, add, extent);
  BlockFactors factors;
  for (int input = 0; input < kBlockInputs; ++input) {
    absl::StatusOr<at::Tensor> hessian = std::move(hessians[input]).Matrix(sequences);
    absl::StatusOr<pruning::HessianFactor> factor =
        hessian.ok() ? pruning::FactorHessian(*std::move(hessian)) : hessian.status();
    if (!factor.ok()) {
      return absl::Status(
          factor.status().code(),
          fmt::format("{} input: {}", kInputNames[input], std::string(factor.status().message())));
    }
    factors[input] = *std::move(factor);
  }
  return factors;
}

absl::StatusOr<int64_t> PruneBlockBySparseGpt(const ModelConfig& config,
                                              const BlockFactors& factors, int block,
                                              std::span<const double> sparsity, int64_t group,
                                              BlockMatrices& pruned) {
  int64_t zeros = 0;
  for (int linear = 0; linear < config.linears_per_block(); ++linear) {
    at::Tensor weights = pruned.Linear(config, linear);
    const auto pattern = pruning::PatternFor(sparsity[linear], group, weights.size(1));
    if (!pattern.ok()) return InLinear(pattern.status(), block, linear);
    const absl::StatusOr<int64_t> written = pruning::SparseGptPrune(
        factors[static_cast<int>(InputOf(config, linear))], *pattern, weights);
    if (!written.ok()) return InLinear(written.status(), block, linear);
    zeros += *written;
  }
  return zeros;
}

}  // namespace strata::evaluator
