#include "search/strategy/tangents.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace strata::search {
namespace {

// In sparsity, the root mean square of its differences. Measured on SmolLM2 (docs/search.md).
constexpr double kRadius = 0.04;

}  // namespace

void Tangents::Add(const expr::Allocation& allocation, const std::vector<double>& slopes) {
  Point point;
  double level = 0;  // derivative along the roots, the direction in which all sparsities rise alike
  for (size_t i = 0; i < roots_.size(); ++i) {
    point.at.push_back(roots_[i] * allocation[i]);
    point.gradient.push_back(slopes[i] / roots_[i]);
    level += roots_[i] * point.gradient[i];
  }
  for (size_t i = 0; i < roots_.size(); ++i) point.gradient[i] -= level * roots_[i];
  points_.push_back(std::move(point));
  if (points_.size() > kMaximum) points_.pop_front();
}

double Tangents::ChangeAt(const std::vector<double>& input) const {
  double change = 0, weights = 0;
  for (const Point& point : points_) {
    double squares = 0, product = 0;
    for (size_t i = 0; i < roots_.size(); ++i) {
      const double difference = input[i] - point.at[i];
      squares += difference * difference;
      product += point.gradient[i] * difference;
    }
    const double weight = std::exp(-0.5 * squares / (kRadius * kRadius));
    change += weight * product;
    weights += weight;
  }
  return change / std::max(1.0, weights);
}

}  // namespace strata::search
