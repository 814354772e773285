// Pruning in one pass over the blocks, which needs the memory of one block and of the calibration
// activations. In the sequential protocol, which the reference implementations use, each block is
// pruned by statistics of the activations that the pruned blocks before it give, in float32
// (prune_wanda and prune_sparsegpt in the code of arXiv 2306.11695). In the one-shot protocol they
// are the activations that the dense blocks give.
#ifndef STRATA_EVALUATOR_PRUNERS_SEQUENTIAL_PRUNER_H_
#define STRATA_EVALUATOR_PRUNERS_SEQUENTIAL_PRUNER_H_

#include <optional>
#include <vector>

#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/pruners/block_statistics.h"

namespace strata::evaluator {

struct SequentialPrunerOptions {
  PruningMethod method = {};
  Arithmetic arithmetic = Arithmetic::kFloat32;  // of the matrices that Next returns
  Protocol protocol = Protocol::kSequential;
  // Arithmetic of the forward passes of the calibration sequences: float32, or that of the
  // matrices. Scores and Hessians are float32 in any case.
  Arithmetic calibration = Arithmetic::kFloat32;
};

class SequentialPruner : public BlockSource {
 public:
  // `model` must outlive the pruner. `sparsity` has one entry per block. Magnitude needs no
  // `sequences` and runs none.
  SequentialPruner(const TransformerModel& model, const Windows& sequences,
                   std::vector<BlockSparsity> sparsity, const SequentialPrunerOptions& options);
  absl::StatusOr<PrunedBlock> Next(int block) override;

  // The statistics by which the last call pruned.
  const BlockStatistics& statistics() const { return statistics_; }

 private:
  // True if each block's input is the output of the pruned blocks before it.
  bool FeedsPruned() const {
    return options_.protocol == Protocol::kSequential && forward_.has_value();
  }
  // Runs the dense block on `hidden` to its output, or only to the inputs of its linears if the
  // pruned block feeds the next, since nobody reads the dense output then.
  absl::StatusOr<BlockStatistics> Observe(int block, at::Tensor& hidden);

  const TransformerModel& model_;
  const int64_t sequences_;
  const std::vector<BlockSparsity> sparsity_;
  const SequentialPrunerOptions options_;
  std::optional<BlockForward> forward_;  // unless the pruner needs no activations
  at::Tensor hidden_;                    // calibration activations before the next block
  BlockStatistics statistics_;
  BlockMatrices buffer_;
  std::optional<BlockMatrices> bfloat16_buffer_;
  std::optional<BlockMatrices> bfloat16_dense_;  // the block in turn, for the calibration
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_SEQUENTIAL_PRUNER_H_
