// Log-likelihoods of requests under a model whose blocks come from a block source.
#ifndef STRATA_EVALUATOR_TASKS_LIKELIHOODS_H_
#define STRATA_EVALUATOR_TASKS_LIKELIHOODS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/tasks/responses.h"
#include "evaluator/tasks/token_requests.h"

namespace strata::tasks {

// Returns one likelihood per request. All requests run through one block after the other, so
// `source` makes each block once and only one block exists at a time. Holds tokens * hidden * 4
// bytes. Rows are not padded, and neighbouring requests share a common prefix (see Pack). A model
// with unfit weights gives likelihoods that are not finite. Errors: Cancelled between blocks if
// `progress` says so; those of `source`.
absl::StatusOr<std::vector<Likelihood>> MeasureLikelihoods(
    evaluator::TransformerModel& model, evaluator::BlockSource& source,
    std::span<const LikelihoodRequest> requests, evaluator::Arithmetic arithmetic,
    const evaluator::Progress& progress);

// Measures whole items; returns one response per item. Errors as above.
absl::StatusOr<std::vector<ItemResponse>> MeasureItems(evaluator::TransformerModel& model,
                                                       evaluator::BlockSource& source,
                                                       std::span<const ItemRequests> items,
                                                       evaluator::Arithmetic arithmetic,
                                                       const evaluator::Progress& progress);

// Errors: DataLoss if a likelihood is not finite.
absl::Status CheckFinite(const std::vector<Likelihood>& likelihoods);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_LIKELIHOODS_H_
