#include "evaluator/evaluator.h"

#include <fmt/format.h>

namespace strata::evaluator {
namespace {

std::string UnitName(const LinearShape& linear, Granularity granularity) {
  switch (granularity) {
    case Granularity::kBlock:
      return fmt::format("{}", linear.block);
    case Granularity::kKind:
      return fmt::format("{}.{}", linear.block, expr::UnitKindName(linear.kind));
    case Granularity::kLinear:
      return fmt::format("{}.{}", linear.block, linear.name);
  }
  return "unknown granularity";
}

}  // namespace

std::vector<UnitLinears> UnitsOf(const ModelSummary& model, Granularity granularity) {
  std::vector<UnitLinears> units;
  for (size_t i = 0; i < model.linears.size(); ++i) {
    std::string name = UnitName(model.linears[i], granularity);
    if (units.empty() || units.back().name != name) units.push_back({std::move(name), {}});
    units.back().linears.push_back(static_cast<int>(i));
  }
  return units;
}

absl::Status CheckGroup(const ModelSummary& model, int64_t group) {
  if (group == 0) return absl::OkStatus();
  for (const LinearShape& linear : model.linears) {
    if (group > 0 && linear.columns % group == 0) continue;
    return absl::InvalidArgumentError(fmt::format(
        "group: expected a number that divides the {} inputs of {} in block {}, found {}",
        linear.columns, linear.name, linear.block, group));
  }
  return absl::OkStatus();
}

expr::UnitLayout LayoutOf(const ModelSummary& model, Granularity granularity) {
  expr::UnitLayout layout;
  for (const UnitLinears& unit : UnitsOf(model, granularity)) {
    expr::Unit place;
    for (const int index : unit.linears) {
      const LinearShape& linear = model.linears[index];
      place.parameters += linear.rows * linear.columns;
      place.fan += linear.rows + linear.columns;
      place.block = linear.block;
      place.kind = granularity == Granularity::kBlock ? expr::UnitKind::kBlock : linear.kind;
    }
    layout.push_back(place);
  }
  return layout;
}

}  // namespace strata::evaluator
