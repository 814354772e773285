#include "evaluator/checkpoint/model_summary.h"

#include <memory>
#include <utility>

#include "evaluator/checkpoint/checkpoint.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

expr::LinearRole RoleOf(BlockPart part) {
  switch (part) {
    case BlockPart::kQuery:
      return expr::LinearRole::kQuery;
    case BlockPart::kKey:
      return expr::LinearRole::kKey;
    case BlockPart::kValue:
      return expr::LinearRole::kValue;
    case BlockPart::kAttentionOutput:
      return expr::LinearRole::kOutput;
    case BlockPart::kGate:
      return expr::LinearRole::kGate;
    case BlockPart::kUp:
      return expr::LinearRole::kUp;
    case BlockPart::kDown:
      return expr::LinearRole::kDown;
    default:  // norms are not pruned
      return expr::LinearRole::kNone;
  }
}

}  // namespace

absl::StatusOr<ModelSummary> SummarizeModel(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> checkpoint, OpenCheckpoint(path));
  return SummarizeModel(*checkpoint);
}

absl::StatusOr<ModelSummary> SummarizeModel(const Checkpoint& checkpoint) {
  const ModelConfig& config = checkpoint.config();
  const std::vector<BlockTensor> tensors = BlockTensorsOf(config);
  ModelSummary summary;
  summary.family = config.family->name;
  summary.name = checkpoint.model_name();
  summary.blocks = config.blocks;
  summary.notes = checkpoint.notes();
  summary.vocabulary = config.vocabulary;
  for (int block = 0; block < config.blocks; ++block) {
    for (int linear = 0; linear < config.linears_per_block(); ++linear) {
      const BlockTensor& tensor = tensors[static_cast<size_t>(linear)];
      summary.linears.push_back({.name = config.family->Names(tensor.part).hugging_face,
                                 .block = block,
                                 .rows = tensor.shape[0],
                                 .columns = tensor.shape[1],
                                 .kind = tensor.part <= BlockPart::kAttentionOutput
                                             ? expr::UnitKind::kAttention
                                             : expr::UnitKind::kFeedForward,
                                 .role = RoleOf(tensor.part)});
    }
  }
  STRATA_ASSIGN_OR_RETURN(std::string digest, checkpoint.Digest());
  summary.digest = std::move(digest);
  return summary;
}

}  // namespace strata::evaluator
