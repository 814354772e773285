#include "expr/grammar.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "expr/shortened.h"

namespace strata::expr {
namespace {

// Says how to get a value of the wanted type in place of one of the type that was found.
std::string_view Remedy(ValueType wanted, ValueType found) {
  if (found == ValueType::kAllocation) {
    return "a post-process stands outside all of these, but for the operand of slopes";
  }
  switch (wanted) {
    case ValueType::kTensor:
      return "a source such as WX gives Tensor";
    case ValueType::kUnits:
      return "a reduction such as mean(...) gives Units";
    case ValueType::kAllocation:
      return "a post-process such as span(..., 0.1) gives Allocation";
  }
  return "";
}

absl::Status WrongType(const Operator& row, size_t place, const Expression& child) {
  const ValueType found = TypeOf(child);
  const ValueType wanted = Accepts(row, place, ValueType::kUnits)    ? ValueType::kUnits
                           : Accepts(row, place, ValueType::kTensor) ? ValueType::kTensor
                                                                     : ValueType::kAllocation;
  return absl::InvalidArgumentError(
      fmt::format("'{}' expects a value of type {}, found {} '{}'; {}", row.name,
                  row.kind == OperatorKind::kElementwise ? "Tensor or Units" : TypeName(wanted),
                  TypeName(found), Shortened(PrintExpression(child)), Remedy(wanted, found)));
}

}  // namespace

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kTensor:
      return "Tensor";
    case ValueType::kUnits:
      return "Units";
    case ValueType::kAllocation:
      return "Allocation";
  }
  return "unknown type";
}

bool Accepts(const Operator& row, size_t child, ValueType type) {
  switch (row.kind) {
    case OperatorKind::kTensorSource:
    case OperatorKind::kStructuralSource:
    case OperatorKind::kConstant:
      return false;
    case OperatorKind::kElementwise:
      return type != ValueType::kAllocation;
    case OperatorKind::kWholeTensor:
    case OperatorKind::kReduction:
      return type == ValueType::kTensor;
    case OperatorKind::kAcrossUnits:
    case OperatorKind::kBinary:
    case OperatorKind::kPostprocess:
      return type == ValueType::kUnits;
    case OperatorKind::kPrunedSource:
    case OperatorKind::kDescent:
      return type == ValueType::kAllocation;
    case OperatorKind::kAdjustment:
      return type == (child == 0 ? ValueType::kAllocation : ValueType::kUnits);
  }
  return false;
}

std::string FormatNumber(double value) { return fmt::format("{}", value); }

std::string DescribeArguments(const Operator& row) {
  std::string text;
  if (row.arity > 0) text = fmt::format("{} expression{}", row.arity, row.arity == 1 ? "" : "s");
  if (row.parameters.empty()) return text.empty() ? "no arguments" : text;
  text += fmt::format("{}{} number{} (", text.empty() ? "" : " and ", row.parameters.size(),
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

NodeFault FindFault(const Expression& node) {
  if (static_cast<size_t>(node.op) >= Operators().size()) {
    return {
        absl::InvalidArgumentError(fmt::format("operator identifier {} is not in the table of {}",
                                               static_cast<int>(node.op), Operators().size()))};
  }
  const Operator& row = OperatorOf(node.op);
  if (node.children.size() != static_cast<size_t>(row.arity) ||
      node.parameters.size() != row.parameters.size()) {
    return {absl::InvalidArgumentError(fmt::format("'{}' takes {}, found {} and {}", row.name,
                                                   DescribeArguments(row), node.children.size(),
                                                   node.parameters.size()))};
  }
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (Accepts(row, i, TypeOf(node.children[i]))) continue;
    return {WrongType(row, i, node.children[i]), static_cast<int>(i)};
  }
  for (size_t i = 0; i < node.parameters.size(); ++i) {
    absl::Status status = CheckParameter(row, row.parameters[i], node.parameters[i]);
    if (!status.ok()) return {std::move(status), static_cast<int>(node.children.size() + i)};
  }
  return {};
}

absl::Status CheckNode(const Expression& node) { return FindFault(node).status; }

}  // namespace strata::expr
