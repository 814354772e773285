#include "evaluator/tasks/perplexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace strata::tasks {

absl::StatusOr<std::vector<LikelihoodRequest>> CutWindows(const std::vector<int32_t>& stream,
                                                          const WindowOptions& options) {
  if (options.window_tokens < 2 || options.maximum_windows < 0) {
    return absl::InvalidArgumentError(fmt::format(
        "expected windows of at least 2 tokens and a maximum of at least 0 windows, found {} and "
        "{}",
        options.window_tokens, options.maximum_windows));
  }
  const auto tokens = static_cast<int64_t>(stream.size());
  const int64_t shortest = options.keep_tail ? 2 : options.window_tokens;
  std::vector<LikelihoodRequest> windows;
  for (int64_t first = 0; first + shortest <= tokens; first += options.window_tokens) {
    if (options.maximum_windows > 0 &&
        static_cast<int64_t>(windows.size()) == options.maximum_windows) {
      break;
    }
    const int64_t last = std::min(tokens, first + options.window_tokens);
    windows.push_back({{stream.begin() + first, stream.begin() + last}, last - first - 1});
  }
  if (windows.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{} tokens, expected at least {} for one window", tokens, shortest));
  }
  return windows;
}

PerplexityResult SummarizeWindows(const std::vector<LikelihoodRequest>& windows,
                                  const std::vector<Likelihood>& likelihoods,
                                  const std::vector<Likelihood>& compared,
                                  const BootstrapOptions& bootstrap) {
  const auto stratum = [&](const std::vector<Likelihood>& of) {
    Stratum result;
    for (size_t i = 0; i < windows.size(); ++i) {
      result.values.push_back(of[i].log_likelihood);
      result.weights.push_back(static_cast<double>(windows[i].scored));
    }
    return std::vector<Stratum>{std::move(result)};
  };
  PerplexityResult result;
  result.perplexity = EstimateFigure(stratum(likelihoods), Link::kPerplexity, bootstrap);
  if (!compared.empty()) {
    result.difference =
        EstimateDifference(stratum(compared), stratum(likelihoods), Link::kPerplexity, bootstrap);
  }
  result.windows = static_cast<int64_t>(windows.size());
  double sum = 0;
  for (size_t i = 0; i < windows.size(); ++i) {
    result.tokens += windows[i].scored;
    sum -= likelihoods[i].log_likelihood;
  }
  result.mean_nll = sum / static_cast<double>(result.tokens);
  return result;
}

}  // namespace strata::tasks
