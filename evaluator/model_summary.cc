#include "evaluator/model_summary.h"

#include <memory>
#include <utility>

#include "evaluator/checkpoint.h"

namespace strata::evaluator {

absl::StatusOr<ModelSummary> SummarizeModel(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<Checkpoint>> checkpoint = OpenCheckpoint(path);
  if (!checkpoint.ok()) return checkpoint.status();
  return SummarizeModel(**checkpoint);
}

absl::StatusOr<ModelSummary> SummarizeModel(const Checkpoint& checkpoint) {
  constexpr int kLinears = 7;
  constexpr int kAttentionLinears = 4;
  const ModelConfig& config = checkpoint.config();
  const auto shapes = BlockShapes(config);
  ModelSummary summary;
  summary.family = "llama";
  summary.name = checkpoint.model_name();
  summary.blocks = config.blocks;
  for (int block = 0; block < config.blocks; ++block) {
    for (int linear = 0; linear < kLinears; ++linear) {
      summary.linears.push_back({.name = kBlockTensorNames[linear].hugging_face,
                                 .block = block,
                                 .rows = shapes[linear][0],
                                 .columns = shapes[linear][1],
                                 .kind = linear < kAttentionLinears
                                             ? expr::UnitKind::kAttention
                                             : expr::UnitKind::kFeedForward});
    }
  }
  absl::StatusOr<std::string> digest = checkpoint.Digest();
  if (!digest.ok()) return digest.status();
  summary.digest = *std::move(digest);
  return summary;
}

}  // namespace strata::evaluator
