#include "expr/grammar.h"

#include <fmt/format.h>

#include <cmath>

namespace strata::expr {

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kTensor:
      return "Tensor";
    case ValueType::kLayers:
      return "Layers";
    case ValueType::kAllocation:
      return "Allocation";
  }
  return "unknown type";
}

bool Accepts(const Operator& row, ValueType child) {
  switch (row.kind) {
    case OperatorKind::kTensorSource:
    case OperatorKind::kStructuralSource:
    case OperatorKind::kConstant:
      return false;
    case OperatorKind::kElementwise:
      return child != ValueType::kAllocation;
    case OperatorKind::kWholeTensor:
    case OperatorKind::kReduction:
      return child == ValueType::kTensor;
    case OperatorKind::kAcrossLayers:
    case OperatorKind::kBinary:
    case OperatorKind::kPostprocess:
      return child == ValueType::kLayers;
  }
  return false;
}

std::string FormatNumber(double value) { return fmt::format("{}", value); }

std::string DescribeArguments(const Operator& row) {
  std::string text = fmt::format("{} expression{}", row.arity, row.arity == 1 ? "" : "s");
  if (row.parameters.empty()) return text;
  text += fmt::format(" and {} number{} (", row.parameters.size(),
                      row.parameters.size() == 1 ? "" : "s");
  for (size_t i = 0; i < row.parameters.size(); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", row.parameters[i].name);
  }
  return text + ")";
}

absl::Status CheckParameter(const Operator& row, const OperatorParameter& parameter, double value) {
  // Written so that NaN fails.
  if (!(value >= parameter.minimum && value <= parameter.maximum)) {
    return absl::InvalidArgumentError(fmt::format(
        "{} of '{}' must be between {} and {}, found {}", parameter.name, row.name,
        FormatNumber(parameter.minimum), FormatNumber(parameter.maximum), FormatNumber(value)));
  }
  if (parameter.step > 0 && std::fmod(value, parameter.step) != 0) {
    return absl::InvalidArgumentError(
        fmt::format("{} of '{}' must be a multiple of {}, found {}", parameter.name, row.name,
                    FormatNumber(parameter.step), FormatNumber(value)));
  }
  return absl::OkStatus();
}

absl::Status CheckNode(const Expression& node) {
  if (static_cast<size_t>(node.op) >= Operators().size()) {
    return absl::InvalidArgumentError(
        fmt::format("operator identifier {} is not in the table of {}", static_cast<int>(node.op),
                    Operators().size()));
  }
  const Operator& row = OperatorOf(node.op);
  if (node.children.size() != static_cast<size_t>(row.arity) ||
      node.parameters.size() != row.parameters.size()) {
    return absl::InvalidArgumentError(fmt::format("'{}' takes {}, found {} and {}", row.name,
                                                  DescribeArguments(row), node.children.size(),
                                                  node.parameters.size()));
  }
  for (size_t i = 0; i < node.parameters.size(); ++i) {
    absl::Status status = CheckParameter(row, row.parameters[i], node.parameters[i]);
    if (!status.ok()) return status;
  }
  for (const Expression& child : node.children) {
    const ValueType type = TypeOf(child);
    if (Accepts(row, type)) continue;
    const std::string_view wanted = row.kind == OperatorKind::kElementwise ? "Tensor or Layers"
                                    : Accepts(row, ValueType::kTensor)     ? "Tensor"
                                                                           : "Layers";
    return absl::InvalidArgumentError(
        fmt::format("'{}' expects a value of type {}, found {}", row.name, wanted, TypeName(type)));
  }
  return absl::OkStatus();
}

}  // namespace strata::expr
