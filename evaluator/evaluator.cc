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

absl::StatusOr<std::vector<double>> SparsityOfLinears(const ModelSummary& model,
                                                      Granularity granularity,
                                                      const std::vector<double>& allocation) {
  const std::vector<UnitLinears> units = UnitsOf(model, granularity);
  if (allocation.size() != units.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "expected an allocation of {} sparsities, one for each unit ('{}' ... '{}'), found {}",
        units.size(), units.front().name, units.back().name, allocation.size()));
  }
  std::vector<double> sparsity(model.linears.size());
  for (size_t unit = 0; unit < units.size(); ++unit) {
    const double value = allocation[unit];
    if (!(value >= 0.0 && value < 1.0)) {
      return absl::InvalidArgumentError(fmt::format(
          "the sparsity of unit {} is {}, expected at least 0 and less than 1", unit, value));
    }
    for (const int index : units[unit].linears) sparsity[index] = value;
  }
  return sparsity;
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
      if (granularity == Granularity::kLinear) place.role = linear.role;
    }
    layout.push_back(place);
  }
  return layout;
}

}  // namespace strata::evaluator
