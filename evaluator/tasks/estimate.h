// Means over items with their uncertainty: standard errors by the formulas of
// lm-evaluation-harness, and bootstrap intervals.
#ifndef STRATA_EVALUATOR_TASKS_ESTIMATE_H_
#define STRATA_EVALUATOR_TASKS_ESTIMATE_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace strata::tasks {

// How a figure is computed from the mean x over items.
enum class Link {
  kMean,        // x
  kPerplexity,  // exp(-x); x is a mean log-likelihood
  kBitsPerByte  // -x / ln 2
};

// The items of one task. The figure of the task is link(sum of values / sum of weights).
struct Stratum {
  std::vector<double> values;   // one per item
  std::vector<double> weights;  // one per item: 1, or its words or bytes
  double share = 1;             // weight of the task in the figure of a group, in any unit
};

struct Interval {
  double low = 0;
  double high = 0;
};

struct BootstrapOptions {
  int64_t resamples = 10000;  // 0: no intervals
  uint64_t seed = 0;
  double coverage = 0.95;
};

struct Estimate {
  double value = 0;
  // Computed by a formula for means, and from the bootstrap for a perplexity per item. nullopt for
  // a single item and for weighted figures, as in the harness.
  std::optional<double> standard_error;
  // Percentiles of the resampled figures, interpolated linearly between order statistics like
  // numpy's default. nullopt without resamples.
  std::optional<Interval> interval;
};

// Returns the figure of a group of tasks: the mean of the tasks' figures, weighted by their shares.
// A single task is a group of one. Items are resampled within their task. The standard error for
// means of several tasks is pooled if the shares are the tasks' numbers of items; otherwise it is
// that of a weighted mean of independent means. No stratum may be empty.
Estimate EstimateFigure(const std::vector<Stratum>& strata, Link link,
                        const BootstrapOptions& bootstrap);

// Returns the figure of `other` minus that of `base`. Both hold the same items in the same order,
// which are resampled together. Only means have a standard error: that of the mean of the
// differences.
Estimate EstimateDifference(const std::vector<Stratum>& base, const std::vector<Stratum>& other,
                            Link link, const BootstrapOptions& bootstrap);

// Returns the standard deviation of a sample (n - 1 in the denominator) divided by the root of its
// size; nullopt for fewer than two values. The harness calls this mean_stderr.
std::optional<double> StandardErrorOfMean(const std::vector<double>& values);

// Returns sqrt(sum (n_i - 1) n_i e_i^2 / (N - k) / N) for k tasks with standard errors e_i and n_i
// of N items. The harness calls this pooled_sample_stderr.
double PooledStandardError(const std::vector<double>& errors, const std::vector<double>& sizes);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ESTIMATE_H_
