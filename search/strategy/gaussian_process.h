// A Gaussian process: predictions, with their uncertainty, from a few hundred measured points.
//
// C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning", 2006, algorithm
// 2.1. The kernel is the sum of a linear part and a Matern 5/2 part over all inputs. Its length,
// the shares of the two parts and the noise come from a fixed grid, by the highest marginal
// likelihood.
#ifndef STRATA_SEARCH_STRATEGY_GAUSSIAN_PROCESS_H_
#define STRATA_SEARCH_STRATEGY_GAUSSIAN_PROCESS_H_

#include <cstddef>
#include <span>
#include <vector>

namespace strata::search {

struct Prediction {
  double mean = 0;
  double deviation = 0;  // standard deviation, without the noise of a measurement
};

// All arithmetic has a fixed order, so the same points give the same bits on one platform. Not
// thread-safe.
class GaussianProcess {
 public:
  // Kernel settings. The same settings can be kept over several fits.
  struct Settings {
    double length = 1;
    double linear = 0;           // variance of the linear part, relative to the Matern part's 1
    double noise = 0.1;          // variance, relative to the Matern part's 1
    size_t distance_inputs = 0;  // the Matern part sees only this many, the linear part all
  };

  // Returns the settings of the grid with the highest marginal likelihood. All `inputs[i]` have the
  // same number of values. `targets` has one value per input. At least two points. O(N^3) for N
  // points, once for each of the 30 settings of the grid.
  static Settings Choose(const std::vector<std::vector<double>>& inputs,
                         const std::vector<double>& targets, size_t distance_inputs);

  // Fits the process in O(N^3). Points that a setting cannot tell apart are no error: the noise
  // grows until the kernel matrix can be factored.
  GaussianProcess(std::vector<std::vector<double>> inputs, const std::vector<double>& targets,
                  const Settings& settings);

  // Predicts in O(N (inputs + N)).
  Prediction Predict(std::span<const double> input) const;

  const Settings& settings() const { return settings_; }
  // Logarithm of the marginal likelihood of the standardised targets.
  double log_likelihood() const { return log_likelihood_; }

 private:
  double Kernel(std::span<const double> a, std::span<const double> b) const;
  bool Factor();

  Settings settings_;
  std::vector<std::vector<double>> inputs_;  // less their means
  std::vector<double> center_;               // means of the inputs
  std::vector<double> lower_;                // Cholesky factor, row by row
  std::vector<double> alpha_;                // K^-1 y
  double mean_ = 0;                          // of the targets
  double scale_ = 1;                         // standard deviation of the targets
  double variance_ = 1;                      // of the Matern part, in standardised targets
  double log_likelihood_ = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_STRATEGY_GAUSSIAN_PROCESS_H_
