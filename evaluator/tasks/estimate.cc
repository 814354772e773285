#include "evaluator/tasks/estimate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <random>

namespace strata::tasks {
namespace {

double Apply(Link link, double mean) {
  switch (link) {
    case Link::kMean:
      return mean;
    case Link::kPerplexity:
      return std::exp(-mean);
    case Link::kBitsPerByte:
      return -mean / std::numbers::ln2;
  }
  return mean;
}

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// The drawn items of each task, each as often as it was drawn.
using Draw = std::vector<std::vector<int64_t>>;

double Figure(const std::vector<Stratum>& strata, Link link, const Draw* draw) {
  double figure = 0;
  double shares = 0;
  for (size_t i = 0; i < strata.size(); ++i) {
    const Stratum& stratum = strata[i];
    double values = 0;
    double weights = 0;
    if (draw == nullptr) {
      values = Sum(stratum.values);
      weights = Sum(stratum.weights);
    } else {
      for (const int64_t item : (*draw)[i]) {
        values += stratum.values[item];
        weights += stratum.weights[item];
      }
    }
    figure += stratum.share * Apply(link, values / weights);
    shares += stratum.share;
  }
  return figure / shares;
}

// Returns a random number below `count` by Lemire's multiplication. The bias is below count / 2^64.
int64_t Below(int64_t count, std::mt19937_64& random) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<int64_t>((static_cast<Wide>(random()) * static_cast<uint64_t>(count)) >> 64);
}

double Percentile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// Returns the figures of all resamples, ascending.
std::vector<double> Resample(const std::vector<Stratum>& strata, const BootstrapOptions& bootstrap,
                             const std::function<double(const Draw&)>& figure) {
  std::mt19937_64 random(bootstrap.seed);
  Draw draw(strata.size());
  std::vector<double> figures;
  for (int64_t k = 0; k < bootstrap.resamples; ++k) {
    for (size_t i = 0; i < strata.size(); ++i) {
      draw[i].resize(strata[i].values.size());
      for (int64_t& item : draw[i]) {
        item = Below(static_cast<int64_t>(draw[i].size()), random);
      }
    }
    figures.push_back(figure(draw));
  }
  std::sort(figures.begin(), figures.end());
  return figures;
}

void AddInterval(const std::vector<double>& figures, double coverage, Estimate* estimate) {
  if (figures.empty()) return;
  estimate->interval =
      Interval{Percentile(figures, (1 - coverage) / 2), Percentile(figures, (1 + coverage) / 2)};
}

bool HasUnitWeights(const std::vector<Stratum>& strata) {
  for (const Stratum& stratum : strata) {
    for (const double weight : stratum.weights) {
      if (weight != 1) return false;
    }
  }
  return true;
}

// Returns the standard error of the mean of the tasks' means.
std::optional<double> StandardErrorOfMeans(const std::vector<Stratum>& strata) {
  std::vector<double> errors;
  std::vector<double> sizes;
  bool shares_are_sizes = true;
  for (const Stratum& stratum : strata) {
    const std::optional<double> error = StandardErrorOfMean(stratum.values);
    if (!error.has_value()) return std::nullopt;
    errors.push_back(*error);
    sizes.push_back(static_cast<double>(stratum.values.size()));
    shares_are_sizes = shares_are_sizes && stratum.share == sizes.back();
  }
  if (errors.size() == 1) return errors.front();
  if (shares_are_sizes) return PooledStandardError(errors, sizes);
  double variance = 0;
  double shares = 0;
  for (size_t i = 0; i < errors.size(); ++i) {
    variance += std::pow(strata[i].share * errors[i], 2);
    shares += strata[i].share;
  }
  return std::sqrt(variance) / shares;
}

}  // namespace

std::optional<double> StandardErrorOfMean(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  if (values.size() < 2) return std::nullopt;
  const double mean = Sum(values) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (count - 1)) / std::sqrt(count);
}

double PooledStandardError(const std::vector<double>& errors, const std::vector<double>& sizes) {
  const double total = Sum(sizes);
  double variance = 0;
  for (size_t i = 0; i < errors.size(); ++i) {
    variance += (sizes[i] - 1) * errors[i] * errors[i] * sizes[i];
  }
  return std::sqrt(variance / (total - static_cast<double>(sizes.size())) / total);
}

Estimate EstimateFigure(const std::vector<Stratum>& strata, Link link,
                        const BootstrapOptions& bootstrap) {
  Estimate estimate;
  estimate.value = Figure(strata, link, nullptr);
  const std::vector<double> figures =
      Resample(strata, bootstrap, [&](const Draw& draw) { return Figure(strata, link, &draw); });
  AddInterval(figures, bootstrap.coverage, &estimate);
  if (link == Link::kMean) {
    estimate.standard_error = StandardErrorOfMeans(strata);
  } else if (link == Link::kPerplexity && HasUnitWeights(strata)) {
    const std::optional<double> error = StandardErrorOfMean(figures);
    const bool several = strata.size() > 1 || strata.front().values.size() > 1;
    if (error.has_value() && several) {
      estimate.standard_error = *error * std::sqrt(static_cast<double>(figures.size()));
    }
  }
  return estimate;
}

Estimate EstimateDifference(const std::vector<Stratum>& base, const std::vector<Stratum>& other,
                            Link link, const BootstrapOptions& bootstrap) {
  Estimate estimate;
  estimate.value = Figure(other, link, nullptr) - Figure(base, link, nullptr);
  const std::vector<double> figures = Resample(base, bootstrap, [&](const Draw& draw) {
    return Figure(other, link, &draw) - Figure(base, link, &draw);
  });
  AddInterval(figures, bootstrap.coverage, &estimate);
  if (link != Link::kMean) return estimate;
  std::vector<Stratum> differences = base;
  for (size_t i = 0; i < base.size(); ++i) {
    for (size_t item = 0; item < base[i].values.size(); ++item) {
      differences[i].values[item] = other[i].values[item] - base[i].values[item];
    }
  }
  estimate.standard_error = StandardErrorOfMeans(differences);
  return estimate;
}

}  // namespace strata::tasks
