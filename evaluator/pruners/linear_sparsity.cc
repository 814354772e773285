#include "evaluator/pruners/linear_sparsity.h"

#include <fmt/format.h>

#include <string>

#include "pruning/sparsity_pattern.h"

namespace strata::evaluator {

std::vector<BlockSparsity> SparsityOfBlocks(const ModelConfig& config,
                                            std::span<const double> sparsity) {
  const auto per_block = static_cast<size_t>(config.linears_per_block());
  std::vector<BlockSparsity> blocks(static_cast<size_t>(config.blocks), BlockSparsity{});
  for (size_t i = 0; i < sparsity.size(); ++i) {
    blocks[i / per_block][i % per_block] = sparsity[i];
  }
  return blocks;
}

absl::Status CheckPatterns(const ModelConfig& config, std::span<const double> sparsity,
                           int64_t group) {
  const auto per_block = static_cast<size_t>(config.linears_per_block());
  const std::vector<BlockTensor> tensors = BlockTensorsOf(config);
  for (size_t i = 0; i < sparsity.size(); ++i) {
    const BlockTensor& linear = tensors[i % per_block];
    const auto pattern = pruning::PatternFor(sparsity[i], group, linear.shape[1]);
    if (pattern.ok()) continue;
    return absl::Status(pattern.status().code(),
                        fmt::format("block {}, {}: {}", i / per_block,
                                    config.family->Names(linear.part).hugging_face,
                                    std::string(pattern.status().message())));
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator
