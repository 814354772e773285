#include "evaluator/checkpoint/model_summary.h"

#include <memory>
#include <utility>

#include "evaluator/checkpoint/checkpoint.h"

namespace strata::evaluator {
namespace {

expr::LinearRole RoleOf(BlockRole role) {
  switch (role) {
    case BlockRole::kQuery:
      return expr::LinearRole::kQuery;
    case BlockRole::kKey:
      return expr::LinearRole::kKey;
    case BlockRole::kValue:
      return expr::LinearRole::kValue;
    case BlockRole::kAttentionOutput:
      return expr::LinearRole::kOutput;
    case BlockRole::kGate:
      return expr::LinearRole::kGate;
    case BlockRole::kUp:
      return expr::LinearRole::kUp;
    case BlockRole::kDown:
      return expr::LinearRole::kDown;
    default:  // norms are not pruned
      return expr::LinearRole::kNone;
  }
}

}  // namespace

absl::StatusOr<ModelSummary> SummarizeModel(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<Checkpoint>> checkpoint = OpenCheckpoint(path);
  if (!checkpoint.ok()) return checkpoint.status();
  return SummarizeModel(**checkpoint);
}

absl::StatusOr<ModelSummary> SummarizeModel(const Checkpoint& checkpoint) {
  const ModelConfig& config = checkpoint.config();
  const std::vector<BlockTensor> tensors = BlockTensorsOf(config);
  ModelSummary summary;
  summary.family = config.family->name;
  summary.name = checkpoint.model_name();
  summary.blocks = config.blocks;
  for (int block = 0; block < config.blocks; ++block) {
    for (int linear = 0; linear < config.linears_per_block(); ++linear) {
      const BlockTensor& tensor = tensors[static_cast<size_t>(linear)];
      summary.linears.push_back({.name = config.family->Names(tensor.role).hugging_face,
                                 .block = block,
                                 .rows = tensor.shape[0],
                                 .columns = tensor.shape[1],
                                 .kind = tensor.role <= BlockRole::kAttentionOutput
                                             ? expr::UnitKind::kAttention
                                             : expr::UnitKind::kFeedForward,
                                 .role = RoleOf(tensor.role)});
    }
  }
  absl::StatusOr<std::string> digest = checkpoint.Digest();
  if (!digest.ok()) return digest.status();
  summary.digest = *std::move(digest);
  return summary;
}

}  // namespace strata::evaluator
