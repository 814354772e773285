// Perplexity as papers on pruning report it: a text is tokenised once and read in windows that do
// not overlap.
#ifndef STRATA_EVALUATOR_TASKS_PERPLEXITY_H_
#define STRATA_EVALUATOR_TASKS_PERPLEXITY_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "evaluator/tasks/estimate.h"
#include "evaluator/tasks/responses.h"
#include "evaluator/tasks/token_requests.h"

namespace strata::tasks {

struct WindowOptions {
  int64_t window_tokens = 2048;
  int64_t maximum_windows = 0;  // from the start; 0: all
  // True: the tokens after the last whole window form a shorter one, if there are at least two.
  bool keep_tail = false;
};

// Cuts a token stream into windows, each to be scored from its second token on. Errors:
// InvalidArgument for impossible options, or for a stream too short for one window; the message
// says how many tokens it has.
absl::StatusOr<std::vector<LikelihoodRequest>> CutWindows(const std::vector<int32_t>& stream,
                                                          const WindowOptions& options);

struct PerplexityResult {
  Estimate perplexity;  // resampled by windows
  std::optional<Estimate> difference;
  double mean_nll = 0;  // per predicted token
  int64_t windows = 0;
  int64_t tokens = 0;  // predicted
};

// Returns the perplexity: exp of the mean negative log-likelihood of all predicted tokens.
// `likelihoods` and `compared` have one entry per window, measured with two versions of a model.
// Nothing is compared if `compared` is empty.
PerplexityResult SummarizeWindows(const std::vector<LikelihoodRequest>& windows,
                                  const std::vector<Likelihood>& likelihoods,
                                  const std::vector<Likelihood>& compared,
                                  const BootstrapOptions& bootstrap);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_PERPLEXITY_H_
