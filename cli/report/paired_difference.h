// How much lower the loss of one function is than that of another on the same windows, and how sure
// that is.
#ifndef STRATA_CLI_PAIRED_DIFFERENCE_H_
#define STRATA_CLI_PAIRED_DIFFERENCE_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/tasks/estimate.h"

namespace strata::cli {

// Windows are resampled, each with both of its losses. The same seed for every comparison, so that
// a report is the same whenever it is made.
inline constexpr tasks::BootstrapOptions kPairedBootstrap = {
    .resamples = 10000, .seed = 1, .coverage = 0.95};

// As losses: mean negative log-likelihoods per token. The perplexity is exp(loss), so that of the
// one divided by that of the other is exp(difference), and likewise at both ends of the interval.
struct PairedDifference {
  double loss = 0;                          // of the one less that of the other: below 0 is better
  std::optional<tasks::Interval> interval;  // of `loss`; none with fewer than 2 windows
  size_t windows = 0;
};

// Mean losses of the same windows in the same order. Nothing unless both have as many windows, and
// at least one.
std::optional<PairedDifference> ComparePaired(const std::vector<double>& other_window_nll,
                                              const std::vector<double>& window_nll);

// {"loss_difference", "loss_difference_interval", "perplexity_ratio", "perplexity_ratio_interval",
// "windows"}; intervals are [low, high], or null.
nlohmann::ordered_json ToJson(const PairedDifference& difference);
// {"method", "coverage", "resamples", "seed"}.
nlohmann::ordered_json PairedBootstrapJson();

// "loss -0.123 [-0.150, -0.101], perplexity x 0.884 [0.861, 0.904] (95 % paired bootstrap interval,
// 16 windows, 10000 resamples, seed 1)".
std::string Describe(const PairedDifference& difference);

}  // namespace strata::cli

#endif  // STRATA_CLI_PAIRED_DIFFERENCE_H_
