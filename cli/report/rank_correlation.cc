#include "cli/report/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace strata::cli {
namespace {

// Returns ranks from 0. Equal values get their mean rank.
std::vector<double> Ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double mean = static_cast<double>(begin + end - 1) / 2;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = mean;
    begin = end;
  }
  return ranks;
}

}  // namespace

std::optional<double> RankCorrelation(const std::vector<std::pair<double, double>>& pairs) {
  if (pairs.size() < 3) return std::nullopt;
  std::vector<double> first, second;
  for (const auto& [a, b] : pairs) {
    first.push_back(a);
    second.push_back(b);
  }
  first = Ranks(first);
  second = Ranks(second);
  const double mean = static_cast<double>(pairs.size() - 1) / 2;
  double covariance = 0, variance_first = 0, variance_second = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    covariance += (first[i] - mean) * (second[i] - mean);
    variance_first += (first[i] - mean) * (first[i] - mean);
    variance_second += (second[i] - mean) * (second[i] - mean);
  }
  if (variance_first == 0 || variance_second == 0) return std::nullopt;
  return covariance / std::sqrt(variance_first * variance_second);
}

}  // namespace strata::cli
