// Difference between the losses of two functions on the same windows, and its uncertainty.
#ifndef STRATA_CLI_REPORT_PAIRED_DIFFERENCE_H_
#define STRATA_CLI_REPORT_PAIRED_DIFFERENCE_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/tasks/estimate.h"

namespace strata::cli {

// Resampling options: a window is drawn together with both of its losses. Every comparison uses the
// same seed, so that a report is the same whenever it is made.
inline constexpr tasks::BootstrapOptions kPairedBootstrap = {
    .resamples = 10000, .seed = 1, .coverage = 0.95};

// Difference of two losses, which are mean negative log-likelihoods per token. The perplexity is
// exp(loss), so the ratio of the perplexities is exp(difference). The same holds at both ends of
// the interval.
struct PairedDifference {
  double loss = 0;                          // own loss minus the other's: below 0 is better
  std::optional<tasks::Interval> interval;  // of `loss`; nullopt for fewer than 2 windows
  size_t windows = 0;
};

// Compares mean losses of the same windows in the same order. Returns nullopt unless both vectors
// have the same size, at least one.
std::optional<PairedDifference> ComparePaired(const std::vector<double>& other_window_nll,
                                              const std::vector<double>& window_nll);

// Returns {"loss_difference", "loss_difference_interval", "perplexity_ratio",
// "perplexity_ratio_interval", "windows"}. Intervals are [low, high] or null.
nlohmann::ordered_json ToJson(const PairedDifference& difference);
// Returns {"method", "coverage", "resamples", "seed"}.
nlohmann::ordered_json PairedBootstrapJson();

// Returns a text such as "loss -0.123 [-0.150, -0.101], perplexity x 0.884 [0.861, 0.904] (95 %
// paired bootstrap interval, 16 windows, 10000 resamples, seed 1)".
std::string Describe(const PairedDifference& difference);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_PAIRED_DIFFERENCE_H_
