#include "evaluator/llama_config.h"

#include <fmt/format.h>

#include <utility>

namespace strata::evaluator {

std::string BlockTensor(int block, int tensor) {
  return fmt::format("model.layers.{}.{}.weight", block, kBlockTensorNames[tensor].hugging_face);
}

std::array<std::vector<int64_t>, kBlockTensors> BlockShapes(const LlamaConfig& config) {
  const int64_t query = config.query_rows();
  const int64_t key_value = config.key_value_rows();
  return {{{query, config.hidden},
           {key_value, config.hidden},
           {key_value, config.hidden},
           {config.hidden, query},
           {config.feed_forward, config.hidden},
           {config.feed_forward, config.hidden},
           {config.hidden, config.feed_forward},
           {config.hidden},
           {config.hidden}}};
}

std::vector<NamedShape> TensorsOf(const LlamaConfig& config) {
  std::vector<NamedShape> tensors = {{kEmbeddingName, {config.vocabulary, config.hidden}}};
  const std::array<std::vector<int64_t>, kBlockTensors> shapes = BlockShapes(config);
  for (int block = 0; block < config.blocks; ++block) {
    for (int tensor = 0; tensor < kBlockTensors; ++tensor) {
      tensors.push_back({BlockTensor(block, tensor), shapes[tensor]});
    }
  }
  tensors.push_back({kFinalNormName, {config.hidden}});
  if (!config.tied) tensors.push_back({kHeadName, {config.vocabulary, config.hidden}});
  return tensors;
}

absl::Status CheckHeads(const LlamaConfig& config, const std::string& where) {
  if (config.heads % config.key_value_heads == 0 && config.head_dimension >= 2 &&
      config.head_dimension % 2 == 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(fmt::format(
      "{}: {} query heads, {} key-value heads of dimension {}: expected the key-value heads to "
      "divide the query heads, and an even dimension of at least 2",
      where, config.heads, config.key_value_heads, config.head_dimension));
}

}  // namespace strata::evaluator
