// Sparsities of all linears of a model, block by block in the order of ModelSummary::linears, and a
// check that a pruner can give them.
#ifndef STRATA_EVALUATOR_PRUNERS_LINEAR_SPARSITY_H_
#define STRATA_EVALUATOR_PRUNERS_LINEAR_SPARSITY_H_

#include <absl/status/status.h>

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/checkpoint/model_config.h"
#include "evaluator/pruners/block_source.h"

namespace strata::evaluator {

// Returns one entry per block. `sparsity` has one entry per linear, or none for the dense model.
std::vector<BlockSparsity> SparsityOfBlocks(const ModelConfig& config,
                                            std::span<const double> sparsity);

// `sparsity` has one entry per linear. Errors: those of pruning::PatternFor, with block and linear.
absl::Status CheckPatterns(const ModelConfig& config, std::span<const double> sparsity,
                           int64_t group);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_LINEAR_SPARSITY_H_
