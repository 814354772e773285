// Where the matrices of a pruned model come from, one block after the other. The dense weights are
// never written: every pruner fills a buffer of one block, so that a candidate needs no second copy
// of the model and leaves no trace.
#ifndef STRATA_EVALUATOR_BLOCK_PRUNER_H_
#define STRATA_EVALUATOR_BLOCK_PRUNER_H_

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <optional>

#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Of linear 0 ... config.linears_per_block() - 1; entries beyond are not used.
using BlockSparsity = std::array<double, kMaximumLinears>;

struct PrunedBlock {
  BlockMatrices matrices;  // valid until the pruner's next call
  int64_t zeros = 0;       // in the linears, counted
};

class BlockPruner {
 public:
  virtual ~BlockPruner() = default;
  // Called for blocks 0, 1, 2, ... in turn. InvalidArgument for a sparsity that the pruner's
  // pattern cannot have, or a weight that is no number.
  virtual absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) = 0;
};

// The dense weights; the sparsity is ignored.
class DenseBlocks : public BlockPruner {
 public:
  // `model` must outlive the pruner.
  DenseBlocks(const TransformerModel& model, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

 private:
  const TransformerModel& model_;
  std::optional<BlockMatrices> buffer_;  // bfloat16, where that is the arithmetic
};

// What pruners share.

// Rounds all matrices of a block, float32 to bfloat16, of the same shapes.
void RoundMatrices(const BlockMatrices& matrices, BlockMatrices* rounded);

// Copies all matrices of a block, float32, of the same shapes.
void CopyMatrices(const BlockMatrices& matrices, BlockMatrices* copy);

// The memory of a contiguous bfloat16 tensor as bits.
uint16_t* BFloat16BitsOf(const at::Tensor& tensor);

// `status` with the block and linear it came from.
absl::Status InLinear(const absl::Status& status, int block, int linear);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BLOCK_PRUNER_H_
