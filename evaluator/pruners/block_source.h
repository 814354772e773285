// Sources of the matrices of a model, dense or pruned, one block after the other. The dense weights
// are never written: every source fills a buffer of one block, so that a candidate needs no second
// copy of the model and leaves no trace.
#ifndef STRATA_EVALUATOR_PRUNERS_BLOCK_SOURCE_H_
#define STRATA_EVALUATOR_PRUNERS_BLOCK_SOURCE_H_

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Sparsities of linears 0 to config.linears_per_block() - 1 of a block. Further entries are unused.
using BlockSparsity = std::array<double, kMaximumLinears>;

struct PrunedBlock {
  BlockMatrices matrices;  // valid until the next call of the source
  int64_t zeros = 0;       // number of zeros in the linears, counted
};

// Gives the blocks of one model in turn. A source is made with the sparsities of all its blocks.
// Not thread-safe.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // Returns block 0 at the first call, then 1, 2, ...; `block` is the number that the caller
  // expects. InvalidArgument if the pruner's pattern cannot have a sparsity of the block, or if a
  // weight is not a number.
  virtual absl::StatusOr<PrunedBlock> Next(int block) = 0;
};

// The dense weights. They may be gone through any number of times, in any order.
class DenseBlocks : public BlockSource {
 public:
  // `model` must outlive the source.
  DenseBlocks(const TransformerModel& model, Arithmetic arithmetic);
  absl::StatusOr<PrunedBlock> Next(int block) override;

 private:
  const TransformerModel& model_;
  std::optional<BlockMatrices> buffer_;  // for bfloat16 arithmetic
};

// A pruned model kept whole, for work that goes through its blocks more than once: a copy of the
// blocks of another source, which makes each of them once. Unlike other sources it may be asked for
// block 0 again.
class HeldBlocks : public BlockSource {
 public:
  // `config` must outlive the source.
  HeldBlocks(const ModelConfig& config, Arithmetic arithmetic, std::unique_ptr<BlockSource> source);
  absl::StatusOr<PrunedBlock> Next(int block) override;

 private:
  const ModelConfig& config_;
  Arithmetic arithmetic_;
  std::unique_ptr<BlockSource> source_;
  std::vector<PrunedBlock> blocks_;
};

// Helpers that sources share.

// Rounds all matrices of a block from float32 to bfloat16. The shapes must be equal.
void RoundMatrices(const BlockMatrices& matrices, BlockMatrices* rounded);

// Copies all float32 matrices of a block. The shapes must be equal.
void CopyMatrices(const BlockMatrices& matrices, BlockMatrices* copy);

// Returns the memory of a contiguous bfloat16 tensor as bits.
uint16_t* BFloat16BitsOf(const at::Tensor& tensor);

// Returns `status` with the block and linear that it came from in its message.
absl::Status InLinear(const absl::Status& status, int block, int linear);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_BLOCK_SOURCE_H_
