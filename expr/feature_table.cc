#include "expr/feature_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "expr/blockwise.h"
#include "expr/descent.h"
#include "expr/layout_sources.h"

namespace strata::expr {
namespace {

bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
  });
}

void Collect(const Expression& node, bool blockwise, std::set<std::string>& features) {
  const Operator& row = OperatorOf(node.op);
  const bool measured_source =
      row.kind == OperatorKind::kStructuralSource && LayoutSourceOf(node.op) == nullptr;
  if (row.kind == OperatorKind::kReduction || row.kind == OperatorKind::kPrunedSource ||
      measured_source) {
    std::string text = PrintExpression(node);
    features.insert(blockwise ? BlockwiseFeature(text) : std::move(text));
    return;
  }
  if (row.kind == OperatorKind::kDescent) Collect(SlopesOf(node), blockwise, features);
  static const OperatorId of_blocks = IdOf("blockwise");
  const bool below = blockwise || node.op == of_blocks;
  for (const Expression& child : node.children) Collect(child, below, features);
}

}  // namespace

FeatureTable::FeatureTable(UnitLayout layout)
    : layout_(std::move(layout)),
      parameters_(ParametersOf(layout_)),
      weights_(WeightsOf(parameters_)) {}

absl::Status FeatureTable::Add(const std::string& feature, std::vector<double> values) {
  if (values.size() != parameters_.size()) {
    return absl::InvalidArgumentError(
        fmt::format("feature '{}': expected {} values, one per unit, "
                    "found {}",
                    feature, parameters_.size(), values.size()));
  }
  const auto found = values_.find(feature);
  if (found == values_.end()) {
    values_.emplace(feature, std::move(values));
    return absl::OkStatus();
  }
  if (SameBits(found->second, values)) return absl::OkStatus();
  return absl::AlreadyExistsError(
      fmt::format("feature '{}' was already added with other values", feature));
}

const std::vector<double>* FeatureTable::Find(const std::string& feature) const {
  const auto found = values_.find(feature);
  return found == values_.end() ? nullptr : &found->second;
}

std::vector<std::string> RequiredFeatures(const Expression& expression) {
  std::set<std::string> features;
  Collect(expression, /*blockwise=*/false, features);
  return {features.begin(), features.end()};
}

}  // namespace strata::expr
