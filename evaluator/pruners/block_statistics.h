// Statistics of a block from which pruners choose its zeros, and pruning by them. One observation
// is enough to prune the same block to several sparsities.
#ifndef STRATA_EVALUATOR_PRUNERS_BLOCK_STATISTICS_H_
#define STRATA_EVALUATOR_PRUNERS_BLOCK_STATISTICS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/pruner_table.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/pruners/input_hessians.h"
#include "pruning/weight_ranks.h"

namespace strata::evaluator {

// Statistics of the inputs of a block's linears.
struct BlockStatistics {
  BlockScalers scalers;                 // for scores; empty vectors for magnitude
  std::optional<BlockFactors> factors;  // for SparseGPT
};

// Writes the block's linears, pruned by `method`, to `pruned`, which is float32, and returns the
// number of zeros. Errors: those of BlockSource::Next.
absl::StatusOr<int64_t> PruneBlock(const TransformerModel& model, int block,
                                   const PruningMethod& method, const BlockStatistics& statistics,
                                   const BlockSparsity& sparsity, BlockMatrices& pruned);

// Returns the weights that the ranks of a pruner with a score compare.
pruning::Competition CompetitionOf(const PruningMethod& method);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_BLOCK_STATISTICS_H_
