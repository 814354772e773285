#include "search/strategy/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace strata::search {
namespace {

constexpr double kLengths[] = {0.05, 0.1, 0.2, 0.4, 0.8};
constexpr double kLinearShares[] = {0, 1};
constexpr double kNoises[] = {1e-4, 1e-2, 1e-1};
constexpr double kNoiseGrowth = 10;
constexpr double kSmallestNoise = 1e-8;

}  // namespace

GaussianProcess::Settings GaussianProcess::Choose(const std::vector<std::vector<double>>& inputs,
                                                  const std::vector<double>& targets,
                                                  size_t distance_inputs) {
  Settings best;
  double highest = -std::numeric_limits<double>::infinity();
  for (const double length : kLengths) {
    for (const double linear : kLinearShares) {
      for (const double noise : kNoises) {
        const Settings settings{length, linear, noise, distance_inputs};
        const double likelihood = GaussianProcess(inputs, targets, settings).log_likelihood();
        if (likelihood > highest) {
          highest = likelihood;
          best = settings;
        }
      }
    }
  }
  return best;
}

GaussianProcess::GaussianProcess(std::vector<std::vector<double>> inputs,
                                 const std::vector<double>& targets, const Settings& settings)
    : settings_(settings), inputs_(std::move(inputs)) {
  const size_t count = inputs_.size();
  const auto n = static_cast<double>(count);
  center_.assign(inputs_.front().size(), 0.0);
  for (const std::vector<double>& input : inputs_) {
    for (size_t j = 0; j < input.size(); ++j) center_[j] += input[j] / n;
  }
  for (std::vector<double>& input : inputs_) {
    for (size_t j = 0; j < input.size(); ++j) input[j] -= center_[j];
  }
  for (const double target : targets) mean_ += target / n;
  double squares = 0;
  for (const double target : targets) squares += (target - mean_) * (target - mean_);
  if (squares > 0) scale_ = std::sqrt(squares / n);
  while (!Factor()) settings_.noise = std::max(settings_.noise * kNoiseGrowth, kSmallestNoise);

  // Solve K alpha = y, and scale the kernel so that the data's own variance is explained: the
  // maximum of the likelihood over a common factor of signal and noise has a closed form.
  std::vector<double> y(count);
  for (size_t i = 0; i < count; ++i) y[i] = (targets[i] - mean_) / scale_;
  alpha_ = y;
  for (size_t i = 0; i < count; ++i) {
    const double* row = &lower_[i * count];
    for (size_t j = 0; j < i; ++j) alpha_[i] -= row[j] * alpha_[j];
    alpha_[i] /= row[i];
  }
  double fit = 0, log_determinant = 0;
  for (size_t i = 0; i < count; ++i) {
    fit += alpha_[i] * alpha_[i];
    log_determinant += 2 * std::log(lower_[i * count + i]);
  }
  variance_ = std::max(fit / n, std::numeric_limits<double>::min());
  log_likelihood_ = -0.5 * (n * std::log(variance_) + log_determinant);
  for (size_t i = count; i-- > 0;) {
    for (size_t j = i + 1; j < count; ++j) alpha_[i] -= lower_[j * count + i] * alpha_[j];
    alpha_[i] /= lower_[i * count + i];
  }
}

double GaussianProcess::Kernel(std::span<const double> a, std::span<const double> b) const {
  double squares = 0, product = 0;
  for (size_t j = 0; j < a.size(); ++j) {
    const double difference = a[j] - b[j];
    if (j < settings_.distance_inputs) squares += difference * difference;
    product += a[j] * b[j];
  }
  const double r = std::sqrt(5 * squares) / settings_.length;
  return (1 + r + r * r / 3) * std::exp(-r) +
         settings_.linear * product / (settings_.length * settings_.length);
}

bool GaussianProcess::Factor() {
  const size_t count = inputs_.size();
  lower_.assign(count * count, 0.0);
  for (size_t i = 0; i < count; ++i) {
    double* row = &lower_[i * count];
    for (size_t j = 0; j <= i; ++j) {
      const double* other = &lower_[j * count];
      double value = Kernel(inputs_[i], inputs_[j]) + (i == j ? settings_.noise : 0.0);
      for (size_t k = 0; k < j; ++k) value -= row[k] * other[k];
      if (i == j) {
        if (!(value > 0)) return false;
        row[i] = std::sqrt(value);
      } else {
        row[j] = value / other[j];
      }
    }
  }
  return true;
}

Prediction GaussianProcess::Predict(std::span<const double> input) const {
  const size_t count = inputs_.size();
  std::vector<double> centered(input.begin(), input.end());
  for (size_t j = 0; j < centered.size(); ++j) centered[j] -= center_[j];
  std::vector<double> solved(count);
  double mean = 0, explained = 0;
  for (size_t i = 0; i < count; ++i) {
    const double covariance = Kernel(centered, inputs_[i]);
    mean += covariance * alpha_[i];
    const double* row = &lower_[i * count];
    double value = covariance;
    for (size_t j = 0; j < i; ++j) value -= row[j] * solved[j];
    solved[i] = value / row[i];
    explained += solved[i] * solved[i];
  }
  const double prior = Kernel(centered, centered);
  const double variance = variance_ * std::max(0.0, prior - explained);
  return {mean_ + scale_ * mean, scale_ * std::sqrt(variance)};
}

}  // namespace strata::search
