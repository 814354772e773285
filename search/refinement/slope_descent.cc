#include "search/refinement/slope_descent.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace strata::search {
namespace {

// Of the length that is expected to be best.
constexpr double kLengths[] = {2, 1, 0.5, 0.25};

// After a line that gave nothing: all of the next one's steps are shorter.
constexpr double kRetreat = 1.0 / 16;

}  // namespace

SlopeDescent::SlopeDescent(std::vector<int64_t> parameters, const expr::AllocationTarget& target)
    : parameters_(std::move(parameters)), target_(target) {}

std::vector<SlopeDescent::Step> SlopeDescent::Line(const expr::Allocation& from,
                                                   const std::vector<double>& slopes) const {
  double parameters = 0, slope = 0;
  for (size_t i = 0; i < slopes.size(); ++i) {
    parameters += static_cast<double>(parameters_[i]);
    slope += slopes[i];
  }
  // Per weight, less what a common shift of all sparsities does.
  std::vector<double> direction;
  double size = 0;
  for (size_t i = 0; i < slopes.size(); ++i) {
    const auto weights = static_cast<double>(parameters_[i]);
    direction.push_back(slope / parameters - slopes[i] / weights);
    size += std::abs(direction.back()) * weights / parameters;
  }
  std::vector<Step> line;
  if (size == 0) return line;
  for (const double multiple : kLengths) {
    const double length = length_ * multiple;
    expr::Allocation wanted = from;
    for (size_t i = 0; i < wanted.size(); ++i) {
      wanted[i] += length * std::clamp(direction[i] / size, -kMostOfMean, kMostOfMean);
    }
    auto allocation = expr::ProjectToGroups(wanted, parameters_, target_);
    if (!allocation.ok()) continue;  // no whole numbers of zeros near it
    line.push_back({length, *std::move(allocation)});
  }
  return line;
}

void SlopeDescent::Learn(std::optional<double> length) {
  length_ = length.value_or(length_ * kRetreat);
}

}  // namespace strata::search
