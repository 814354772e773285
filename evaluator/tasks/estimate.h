// Means over items with their uncertainty: standard errors by the formulas of
// lm-evaluation-harness, and bootstrap intervals.
#ifndef STRATA_EVALUATOR_TASKS_ESTIMATE_H_
#define STRATA_EVALUATOR_TASKS_ESTIMATE_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace strata::tasks {

// How a figure follows from the mean over items.
enum class Link {
  kMean,        // x
  kPerplexity,  // exp(-x), of log-likelihoods
  kBitsPerByte  // -x / ln 2
};

// What one task contributes: its figure is link(sum of values / sum of weights).
struct Stratum {
  std::vector<double> values;   // of each item
  std::vector<double> weights;  // as many: 1, or words or bytes
  double share = 1;             // of the task in the figure of a group, in any unit
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
  // Of a mean: its formula. Of a perplexity per item: the bootstrap's. Nothing for one item, and
  // for weighted figures, as in the harness.
  std::optional<double> standard_error;
  // Percentiles of the resampled figures (linear between order statistics, as numpy's default).
  std::optional<Interval> interval;
};

// The figure of a group of tasks: the mean of the tasks' figures, weighted with their shares. A
// single task is a group of one. Items are resampled within their task. The standard error of
// means of several tasks is pooled where their shares are their numbers of items, else that of a
// weighted mean of independent means. No stratum may be empty.
Estimate EstimateFigure(const std::vector<Stratum>& strata, Link link,
                        const BootstrapOptions& bootstrap);

// The figure of `other` less that of `base`, of the same items in the same order, which are
// resampled together. The standard error, of means only, is that of the mean of differences.
Estimate EstimateDifference(const std::vector<Stratum>& base, const std::vector<Stratum>& other,
                            Link link, const BootstrapOptions& bootstrap);

// Standard deviation of a sample (n - 1 in the denominator) over the root of its size; nothing for
// fewer than two values. mean_stderr of the harness.
std::optional<double> StandardErrorOfMean(const std::vector<double>& values);

// pooled_sample_stderr of the harness: sqrt(sum (n_i - 1) n_i e_i^2 / (N - k) / N) for k tasks with
// standard errors e_i and n_i of N items.
double PooledStandardError(const std::vector<double>& errors, const std::vector<double>& sizes);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ESTIMATE_H_
