#include "evaluator/features/distortion_pass.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "evaluator/pruners/one_shot_pruner.h"
#include "expr/status_macros.h"

namespace strata::evaluator {

absl::StatusOr<double> MeasureDistortion(const TransformerModel& model, const Windows& sequences,
                                         const std::vector<at::Tensor>& inputs,
                                         const CalibrationStatistics& statistics,
                                         const std::vector<int>& linears,
                                         const Progress& progress) {
  const at::InferenceMode guard;
  const ModelConfig& config = model.config();
  const int first = linears.front() / config.linears_per_block();
  BlockSparsity sparsity{};
  for (const int index : linears) {
    sparsity[static_cast<size_t>(index % config.linears_per_block())] = kDistortionSparsity;
  }
  std::vector<BlockSparsity> blocks(static_cast<size_t>(config.blocks));
  blocks[static_cast<size_t>(first)] = sparsity;
  OneShotSelection source(model, &statistics, PruningMethod{Pruner::kWanda}, std::move(blocks),
                          Arithmetic::kFloat32);
  STRATA_ASSIGN_OR_RETURN(const PrunedBlock pruned, source.Next(first));

  const auto tokens = static_cast<int64_t>(sequences.front().size());
  const int64_t rows = tokens * std::clamp<int64_t>(kDistortionTokens / tokens, 1,
                                                    static_cast<int64_t>(sequences.size()));
  BlockForward forward(config, tokens, Arithmetic::kFloat32);
  at::Tensor hidden = inputs[static_cast<size_t>(first)].narrow(0, 0, rows).clone();
  for (int block = first; block < config.blocks; ++block) {
    if (progress && !progress(static_cast<double>(block - first) / (config.blocks - first))) {
      return absl::CancelledError("stopped while measuring distortion");
    }
    forward.Run(block == first ? pruned.matrices : model.matrices(block), model.vectors(block),
                hidden);
  }
  const at::Tensor dense = model.FinalNorm(inputs.back().narrow(0, 0, rows)).to(at::kDouble);
  const at::Tensor change = model.FinalNorm(hidden).to(at::kDouble).sub_(dense);
  return change.square_().sum().item<double>() / dense.square().sum().item<double>();
}

}  // namespace strata::evaluator
