// Sparsities of all linears of a model, in the order of ModelSummary::linears: block by block, and
// whether a pruner can give them.
#ifndef STRATA_EVALUATOR_PRUNERS_LINEAR_SPARSITY_H_
#define STRATA_EVALUATOR_PRUNERS_LINEAR_SPARSITY_H_

#include <absl/status/status.h>

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/checkpoint/model_config.h"
#include "evaluator/pruners/block_source.h"

namespace strata::evaluator {

// One entry per block, from one sparsity per linear or from none, which is the dense model.
std::vector<BlockSparsity> SparsityOfBlocks(const ModelConfig& config,
                                            std::span<const double> sparsity);

// Errors of pruning::PatternFor, naming block and linear. `sparsity` has one entry per linear.
absl::Status CheckPatterns(const ModelConfig& config, std::span<const double> sparsity,
                           int64_t group);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PRUNERS_LINEAR_SPARSITY_H_
