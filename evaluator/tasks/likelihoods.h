// Log-likelihoods of requests under a model whose blocks come from a pruner.
#ifndef STRATA_EVALUATOR_TASKS_LIKELIHOODS_H_
#define STRATA_EVALUATOR_TASKS_LIKELIHOODS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_pruner.h"
#include "evaluator/tasks/responses.h"
#include "evaluator/tasks/token_requests.h"

namespace strata::tasks {

// Tokens of a pass where the blocks are at hand: enough to fill the matrix products, few enough to
// store and show progress often.
inline constexpr int64_t kBatchTokens = 8192;

// Runs all requests through block after block, so that `pruner` makes each block once and only one
// exists; holds tokens * hidden * 4 bytes. Rows hold no padding, and neighbouring requests share
// what they begin with. `sparsity` has one entry per block. A model with unfit weights gives
// likelihoods that are not finite. Cancelled between blocks when `progress` says so.
absl::StatusOr<std::vector<Likelihood>> MeasureLikelihoods(
    evaluator::TransformerModel& model, evaluator::BlockPruner& pruner,
    const std::vector<evaluator::BlockSparsity>& sparsity,
    std::span<const LikelihoodRequest> requests, evaluator::Arithmetic arithmetic,
    const evaluator::Progress& progress);

// The likelihoods of whole items: one response for each.
absl::StatusOr<std::vector<ItemResponse>> MeasureItems(
    evaluator::TransformerModel& model, evaluator::BlockPruner& pruner,
    const std::vector<evaluator::BlockSparsity>& sparsity, std::span<const ItemRequests> items,
    evaluator::Arithmetic arithmetic, const evaluator::Progress& progress);

// DataLoss for one that is not finite.
absl::Status CheckFinite(const std::vector<Likelihood>& likelihoods);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_LIKELIHOODS_H_
