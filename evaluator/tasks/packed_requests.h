// Packs likelihood requests end to end for one pass through a model. A common prefix of
// neighbouring requests is packed once.
#ifndef STRATA_EVALUATOR_TASKS_PACKED_REQUESTS_H_
#define STRATA_EVALUATOR_TASKS_PACKED_REQUESTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "evaluator/model/packed_tokens.h"
#include "evaluator/tasks/token_requests.h"

namespace strata::tasks {

// Number of tokens per pass if the blocks are held in memory: enough for efficient matrix products,
// few enough to store results and show progress often.
inline constexpr int64_t kBatchTokens = 8192;

struct PackedRequests {
  evaluator::PackedTokens tokens;
  // The predictions of all requests, one request after the other: the row that predicts, and the
  // token that it should predict.
  std::vector<int64_t> rows;
  std::vector<int32_t> targets;
  std::vector<int64_t> first_prediction;  // per request; the last entry is the total
};

// Packs the requests. Neighbouring requests share a prefix if it is at least half of what each of
// them reads, so requests with the same context should be neighbours.
PackedRequests Pack(std::span<const LikelihoodRequest> requests);

// Returns, for each batch, the index behind its last item. A batch holds whole items: one item, or
// several of which the model reads at most `maximum_tokens` tokens. Only likelihood requests count.
std::vector<size_t> BatchEnds(std::span<const ItemRequests> items, int64_t maximum_tokens);

// Returns the number of tokens that the model reads for the likelihoods of the items, packed in
// batches of kBatchTokens.
int64_t TokensRead(std::span<const ItemRequests> items);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_PACKED_REQUESTS_H_
