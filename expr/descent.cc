#include "expr/descent.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace strata::expr {
namespace {

constexpr double kMostOfMean = 3;

}  // namespace

void DescentStep(std::span<const double> slopes, std::span<const double> weights,
                 std::span<double> step) {
  double mean = 0, length = 0;
  for (const double slope : slopes) mean += slope;
  for (size_t i = 0; i < slopes.size(); ++i) {
    step[i] = mean - slopes[i] / weights[i];
    length += std::abs(step[i]) * weights[i];
  }
  for (double& change : step) {
    change = length > 0 ? std::clamp(change / length, -kMostOfMean, kMostOfMean) : 0.0;
  }
}

Expression SlopesOf(const Expression& descent) {
  static const OperatorId slopes = IdOf("slopes");
  return {slopes, {descent.parameters[0]}, {descent.children[0]}};
}

std::optional<Expression> PrunedFeature(const std::string& feature) {
  if (!feature.starts_with("slopes(")) return std::nullopt;
  absl::StatusOr<Expression> parsed = ParseExpression(feature);
  if (!parsed.ok() || OperatorOf(parsed->op).kind != OperatorKind::kPrunedSource) {
    return std::nullopt;
  }
  return *std::move(parsed);
}

absl::StatusOr<Allocation> OperandAllocation(const Expression& slopes,
                                             const FeatureTable& features) {
  return EvaluateAllocation(slopes.children[0], features, {.sparsity = slopes.parameters[0]});
}

Expression Descend(Expression function, double sparsity, double length) {
  static const OperatorId descend = IdOf("descend");
  Expression descent{descend, {sparsity, length}, {}};
  descent.children.push_back(std::move(function));
  return descent;
}

}  // namespace strata::expr
