// Pruning in one pass over the blocks, which needs the memory of a block and of the calibration
// activations. In the sequential protocol, which the reference implementations use, each block is
// pruned by statistics of the activations that the pruned blocks before it give, in float32
// (prune_wanda and prune_sparsegpt in the code of arXiv 2306.11695); in the one-shot protocol, of
// those that the dense blocks give.
#ifndef STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_
#define STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_

#include <memory>
#include <optional>

#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_pruner.h"
#include "evaluator/pruners/block_statistics.h"

namespace strata::evaluator {

struct SequentialPrunerOptions {
  PruningMethod method = {};
  Arithmetic arithmetic = Arithmetic::kFloat32;  // of the matrices that Prune returns
  Protocol protocol = Protocol::kSequential;
  // Of the forward passes of the calibration sequences: float32, or that of the matrices. Scores
  // and Hessians are float32 whatever it is.
  Arithmetic calibration = Arithmetic::kFloat32;
};

// InvalidArgument for the refreshed protocol, which needs a second pass over the blocks.
absl::Status CheckOnePass(Protocol protocol);

class SequentialPruner : public BlockPruner {
 public:
  // `model` must outlive the pruner. Magnitude needs no `sequences` and runs none. `one_shot`
  // prunes the blocks whose activations the refreshed protocol observes, into matrices of the
  // arithmetic of the calibration; other protocols take none.
  SequentialPruner(const TransformerModel& model, const Windows& sequences,
                   const SequentialPrunerOptions& options,
                   std::unique_ptr<BlockPruner> one_shot = nullptr);
  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override;

  // By which the last call pruned.
  const BlockStatistics& statistics() const { return statistics_; }

 private:
  // The matrices whose inputs are observed: of the dense block, or of the block pruned one-shot.
  absl::StatusOr<BlockMatrices> Observed(int block, const BlockSparsity& sparsity);
  // Whether each block's input is the output of the pruned blocks before it.
  bool FeedsPruned() const {
    return options_.protocol == Protocol::kSequential && forward_.has_value();
  }
  // What the observed block is run for: nothing reads its output where the pruned one feeds the
  // next.
  BlockExtent ObservedExtent() const {
    return FeedsPruned() ? BlockExtent::kInputs : BlockExtent::kOutput;
  }
  // Runs the observed block on `hidden` as far as ObservedExtent says.
  absl::StatusOr<BlockStatistics> Observe(int block, const BlockSparsity& sparsity,
                                          at::Tensor& hidden);

  const TransformerModel& model_;
  const int64_t sequences_;
  const SequentialPrunerOptions options_;
  const std::unique_ptr<BlockPruner> one_shot_;
  std::optional<BlockForward> forward_;  // unless the pruner needs no activations
  at::Tensor hidden_;                    // calibration activations before the next block
  BlockStatistics statistics_;
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
  std::optional<BlockMatrices> bfloat16_dense_;  // of the block in turn, for the calibration
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SEQUENTIAL_PRUNER_H_
