#include "expr/blockwise.h"

#include <fmt/format.h>

#include <utility>

namespace strata::expr {
namespace {

constexpr std::string_view kPrefix = "blockwise(";

std::vector<double> FirstOfEachBlock(const std::vector<double>& values, const UnitLayout& layout) {
  std::vector<double> blocks;
  for (size_t i = 0; i < layout.size(); ++i) {
    if (i == 0 || layout[i].block != layout[i - 1].block) blocks.push_back(values[i]);
  }
  return blocks;
}

}  // namespace

std::string BlockwiseFeature(std::string_view feature) {
  return fmt::format("{}{})", kPrefix, feature);
}

std::optional<std::string> FeatureOfBlocks(std::string_view feature) {
  if (!feature.starts_with(kPrefix) || !feature.ends_with(')')) return std::nullopt;
  feature.remove_prefix(kPrefix.size());
  feature.remove_suffix(1);
  return std::string(feature);
}

absl::StatusOr<FeatureTable> BlockTable(const Expression& operand, const FeatureTable& features) {
  FeatureTable blocks(BlockLayoutOf(features.layout()));
  for (const std::string& required : RequiredFeatures(operand)) {
    // Inside blockwise(...), a nested blockwise changes nothing.
    const std::string feature = FeatureOfBlocks(required).value_or(required);
    const std::vector<double>* values = features.Find(BlockwiseFeature(feature));
    if (values == nullptr) {
      return absl::NotFoundError(
          fmt::format("feature '{}' was not measured", BlockwiseFeature(feature)));
    }
    const absl::Status added = blocks.Add(required, FirstOfEachBlock(*values, features.layout()));
    if (!added.ok()) return added;
  }
  return blocks;
}

std::vector<double> SpreadOverUnits(const std::vector<double>& blocks, const UnitLayout& layout) {
  std::vector<double> values;
  values.reserve(layout.size());
  for (const Unit& unit : layout) values.push_back(blocks[static_cast<size_t>(unit.block)]);
  return values;
}

Expression Blockwise(const Expression& function) {
  static const OperatorId within = IdOf("within");
  static const OperatorId blockwise = IdOf("blockwise");
  if (function.op == within) return Blockwise(function.children[0]);
  Expression out{function.op, function.parameters, {}};
  for (const Expression& child : function.children) {
    if (TypeOf(child) == ValueType::kAllocation) {
      out.children.push_back(Blockwise(child));
      continue;
    }
    Expression wrapped{blockwise, {}, {}};
    wrapped.children.push_back(child);
    out.children.push_back(child.op == blockwise ? child : std::move(wrapped));
  }
  return out;
}

}  // namespace strata::expr
