// Likelihood requests laid end to end for one pass through a model, what they begin with in common
// once.
#ifndef STRATA_EVALUATOR_TASKS_PACKED_REQUESTS_H_
#define STRATA_EVALUATOR_TASKS_PACKED_REQUESTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/model/packed_tokens.h"
#include "evaluator/tasks/token_requests.h"

namespace strata::tasks {

struct PackedRequests {
  evaluator::PackedTokens tokens;
  // The predictions of every request, one request after the other: the row that predicts, and the
  // token that it should.
  std::vector<int64_t> rows;
  std::vector<int32_t> targets;
  std::vector<int64_t> first_prediction;  // of each request, and the number of all at the end
};

// Neighbouring requests share a prefix where that is at least half of what each of them reads, so
// that requests about one context should lie beside one another.
PackedRequests Pack(std::span<const LikelihoodRequest> requests);

// Where each batch of whole items ends, as an index of items: batches of at most `maximum_tokens`
// that the model reads, or of one item. Of likelihoods alone.
std::vector<size_t> BatchEnds(std::span<const ItemRequests> items, int64_t maximum_tokens);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_PACKED_REQUESTS_H_
