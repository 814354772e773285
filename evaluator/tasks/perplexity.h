// Perplexity as papers on pruning report it: a text tokenised once, read in windows that do not
// overlap.
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
  // Whether what is left after the last whole window is a shorter one, if that has two tokens.
  bool keep_tail = false;
};

// Windows of a token stream, each to be scored from its second token on. InvalidArgument for
// options, or a stream too short for one window: says how many tokens it has.
absl::StatusOr<std::vector<LikelihoodRequest>> CutWindows(const std::vector<int32_t>& stream,
                                                          const WindowOptions& options);

struct PerplexityResult {
  Estimate perplexity;  // windows are what is resampled
  std::optional<Estimate> difference;
  double mean_nll = 0;  // per predicted token
  int64_t windows = 0;
  int64_t tokens = 0;  // predicted
};

// exp of the mean negative log-likelihood of all predicted tokens. `likelihoods` and `compared`
// (empty: nothing is compared): of each window, under two versions of a model.
PerplexityResult SummarizeWindows(const std::vector<LikelihoodRequest>& windows,
                                  const std::vector<Likelihood>& likelihoods,
                                  const std::vector<Likelihood>& compared,
                                  const BootstrapOptions& bootstrap);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_PERPLEXITY_H_
