#include "cli/report/paired_difference.h"

#include <fmt/format.h>

#include <cmath>

namespace strata::cli {

std::optional<PairedDifference> ComparePaired(const std::vector<double>& other_window_nll,
                                              const std::vector<double>& window_nll) {
  if (window_nll.empty() || window_nll.size() != other_window_nll.size()) return std::nullopt;
  const std::vector<double> ones(window_nll.size(), 1.0);
  tasks::BootstrapOptions bootstrap = kPairedBootstrap;
  if (window_nll.size() < 2) bootstrap.resamples = 0;
  const tasks::Estimate estimate = tasks::EstimateDifference(
      {{other_window_nll, ones}}, {{window_nll, ones}}, tasks::Link::kMean, bootstrap);
  return PairedDifference{estimate.value, estimate.interval, window_nll.size()};
}

nlohmann::ordered_json ToJson(const PairedDifference& difference) {
  nlohmann::ordered_json loss_interval = nullptr, ratio_interval = nullptr;
  if (difference.interval) {
    const auto [low, high] = *difference.interval;
    loss_interval = {low, high};
    ratio_interval = {std::exp(low), std::exp(high)};
  }
  return {{"loss_difference", difference.loss},
          {"loss_difference_interval", loss_interval},
          {"perplexity_ratio", std::exp(difference.loss)},
          {"perplexity_ratio_interval", ratio_interval},
          {"windows", difference.windows}};
}

nlohmann::ordered_json PairedBootstrapJson() {
  return {{"method", "paired bootstrap over windows, percentiles"},
          {"coverage", kPairedBootstrap.coverage},
          {"resamples", kPairedBootstrap.resamples},
          {"seed", kPairedBootstrap.seed}};
}

std::string Describe(const PairedDifference& difference) {
  if (!difference.interval) {
    return fmt::format("loss {:+.3f}, perplexity x {:.3f} (no interval: {} window)",
                       difference.loss, std::exp(difference.loss), difference.windows);
  }
  const auto [low, high] = *difference.interval;
  return fmt::format(
      "loss {:+.3f} [{:+.3f}, {:+.3f}], perplexity x {:.3f} [{:.3f}, {:.3f}] ({:.0f} % paired "
      "bootstrap interval, {} windows, {} resamples, seed {})",
      difference.loss, low, high, std::exp(difference.loss), std::exp(low), std::exp(high),
      100 * kPairedBootstrap.coverage, difference.windows, kPairedBootstrap.resamples,
      kPairedBootstrap.seed);
}

}  // namespace strata::cli
