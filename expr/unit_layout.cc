#include "expr/unit_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace strata::expr {

std::string_view UnitKindName(UnitKind kind) {
  switch (kind) {
    case UnitKind::kBlock:
      return "block";
    case UnitKind::kAttention:
      return "attention";
    case UnitKind::kFeedForward:
      return "feed-forward";
  }
  return "unknown kind";
}

std::string_view LinearRoleName(LinearRole role) {
  static constexpr std::array<std::string_view, kLinearRoles> kNames = {
      "none", "query", "key", "value", "output", "gate", "up", "down"};
  return kNames[static_cast<size_t>(role)];
}

absl::Status ValidateLayout(const UnitLayout& layout) {
  int previous = -1;
  for (size_t i = 0; i < layout.size(); ++i) {
    const Unit& unit = layout[i];
    if (unit.parameters <= 0 || unit.fan <= 0) {
      return absl::InvalidArgumentError(
          fmt::format("unit {}: expected positive numbers of weights and of inputs and outputs, "
                      "found {} and {}",
                      i, unit.parameters, unit.fan));
    }
    if (unit.block != previous && unit.block != previous + 1) {
      return absl::InvalidArgumentError(fmt::format("unit {}: expected block {} or {}, found {}", i,
                                                    std::max(previous, 0), previous + 1,
                                                    unit.block));
    }
    previous = unit.block;
  }
  return absl::OkStatus();
}

UnitLayout BlockLayoutOf(const UnitLayout& layout) {
  UnitLayout blocks;
  for (const Unit& unit : layout) {
    if (blocks.empty() || blocks.back().block != unit.block) {
      Unit block;
      block.block = unit.block;
      blocks.push_back(block);
    }
    blocks.back().parameters += unit.parameters;
    blocks.back().fan += unit.fan;
  }
  return blocks;
}

std::vector<int64_t> ParametersOf(const UnitLayout& layout) {
  std::vector<int64_t> parameters;
  parameters.reserve(layout.size());
  for (const Unit& unit : layout) parameters.push_back(unit.parameters);
  return parameters;
}

std::vector<double> WeightsOf(const std::vector<int64_t>& parameters) {
  double total = 0;
  for (const int64_t count : parameters) total += static_cast<double>(count);
  std::vector<double> weights;
  weights.reserve(parameters.size());
  for (const int64_t count : parameters) weights.push_back(static_cast<double>(count) / total);
  return weights;
}

UnitLayout SquareBlocks(const std::vector<int64_t>& parameters) {
  UnitLayout layout;
  for (const int64_t count : parameters) {
    const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(count))));
    layout.push_back({count, static_cast<int>(layout.size()), UnitKind::kBlock, 2 * side});
  }
  return layout;
}

}  // namespace strata::expr
